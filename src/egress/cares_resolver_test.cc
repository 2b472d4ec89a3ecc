#include "egress/cares_resolver.h"

#include <gtest/gtest.h>

#include <future>
#include <span>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

UniqueFd bind_udp() {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to;
  const auto size = address("127.0.0.1").to_sockaddr(0, to);
  ::bind(fd.get(), reinterpret_cast<sockaddr*>(&to), size);
  return fd;
}

// A name server on loopback that knows 192.0.2.7 and 2001:db8::7 of every name but those that begin
// with "no", and says nothing of those that begin with "silent".
class NameServer {
 public:
  NameServer() : fd_(bind_udp()) {
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stopping_ = true;
    const UniqueFd waker = bind_udp();
    sockaddr_storage to;
    const auto size = address("127.0.0.1").to_sockaddr(port_of(fd_), to);
    ::sendto(waker.get(), "", 0, 0, reinterpret_cast<sockaddr*>(&to), size);
    thread_.join();
  }

  std::string place() const { return "127.0.0.1:" + std::to_string(port_of(fd_)); }

 private:
  void serve() {
    char query[512];
    while (!stopping_) {
      sockaddr_storage from;
      socklen_t size = sizeof from;
      auto* generic = reinterpret_cast<sockaddr*>(&from);
      const ssize_t got = ::recvfrom(fd_.get(), query, sizeof query, 0, generic, &size);
      if (got < 17) continue;
      const std::string answer = answer_to({query, static_cast<std::size_t>(got)});
      if (!answer.empty()) ::sendto(fd_.get(), answer.data(), answer.size(), 0, generic, size);
    }
  }

  static std::string answer_to(const std::string& query) {
    using namespace std::string_literals;
    const auto question_end = query.find('\0', 12) + 5;
    const std::string name = query.substr(13);
    if (name.starts_with("silent")) return {};
    const bool known = !name.starts_with("no");
    const char type = query[question_end - 3];
    const char many = type == 1 ? 28 : 16;  // As many as 512 bytes hold.
    const char count = name.starts_with("many") ? many : known ? 1 : 0;
    std::string answer = query.substr(0, 2) + (known ? "\x81\x80"s : "\x81\x83"s) + "\0\1\0"s;
    answer += count + "\0\0\0\0"s + query.substr(12, question_end - 12);
    const auto bytes = address(type == 1 ? "192.0.2.7" : "2001:db8::7").bytes();
    const std::span data = std::span(bytes).subspan(type == 1 ? 12 : 0);
    for (int i = 0; i < count; ++i) {
      answer += "\xC0\x0C\0"s + type + "\0\1\0\0\0\x3C\0"s;
      answer += static_cast<char>(data.size()) + std::string(data.begin(), data.end());
    }
    return answer;
  }

  UniqueFd fd_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Resolved look_up(Resolver& resolver, const std::string& host) {
  std::promise<Resolved> promise;
  resolver.resolve(host, [&](Resolved resolved) { promise.set_value(std::move(resolved)); });
  return promise.get_future().get();
}

TEST(CaresResolver, FindsEveryAddressOfAName) {
  NameServer server;
  CaresResolver resolver({.servers = server.place()});
  auto found = look_up(resolver, "host.example");
  EXPECT_EQ(found.status, ResolveStatus::kFound);
  std::ranges::sort(found.addresses);
  EXPECT_EQ(found.addresses, (std::vector{address("192.0.2.7"), address("2001:db8::7")}));
}

TEST(CaresResolver, TakesSoManyAddressesOfANameAndNoMore) {
  NameServer server;
  CaresResolver resolver({.servers = server.place()});
  EXPECT_EQ(look_up(resolver, "many.example").addresses.size(), 32u);
}

TEST(CaresResolver, KnowsTheHostsFile) {
  NameServer server;
  CaresResolver resolver({.servers = server.place()});
  const auto found = look_up(resolver, "localhost");
  EXPECT_EQ(found.status, ResolveStatus::kFound);
  for (const auto& each : found.addresses) EXPECT_EQ(kind_of(each), AddressKind::kLoopback);
}

TEST(CaresResolver, SaysWhatIsNotThere) {
  NameServer server;
  CaresResolver resolver({.servers = server.place()});
  EXPECT_EQ(look_up(resolver, "no.example").status, ResolveStatus::kNotFound);
}

TEST(CaresResolver, GivesUpOnASilentServerWhileItAnswersOthers) {
  NameServer server;
  CaresResolver resolver({.timeout_ms = 100, .tries = 2, .servers = server.place()});
  std::promise<Resolved> silent;
  resolver.resolve("silent.example", [&](Resolved got) { silent.set_value(std::move(got)); });
  EXPECT_EQ(look_up(resolver, "host.example").status, ResolveStatus::kFound);
  auto late = silent.get_future();
  EXPECT_EQ(late.get().status, ResolveStatus::kTimeout);
}

TEST(CaresResolver, SaysWhereNoServerRuns) {
  const UniqueFd nobody = bind_udp();
  const auto place = "127.0.0.1:" + std::to_string(port_of(nobody));
  CaresResolver resolver({.timeout_ms = 50, .tries = 1, .servers = place});
  EXPECT_NE(look_up(resolver, "host.example").status, ResolveStatus::kFound);
}

TEST(CaresResolver, TakesSoManyAndNoMore) {
  // Outlives the resolver, which answers what is pending when it goes.
  std::atomic<int> answered{0};
  NameServer server;
  CaresResolver resolver({.timeout_ms = 5'000, .pending_max = 2, .servers = server.place()});
  for (int i = 0; i < 2; ++i)
    resolver.resolve("silent.example", [&](const Resolved&) { ++answered; });
  EXPECT_EQ(look_up(resolver, "host.example").status, ResolveStatus::kBusy);
  EXPECT_EQ(answered, 0);
}

TEST(CaresResolver, AnswersWhatIsPendingWhenItGoes) {
  std::atomic<int> answered{0};
  NameServer server;
  {
    CaresResolver resolver({.timeout_ms = 60'000, .servers = server.place()});
    for (int i = 0; i < 100; ++i)
      resolver.resolve("silent.example", [&](const Resolved&) { ++answered; });
  }
  EXPECT_EQ(answered, 100);
}

}  // namespace
}  // namespace pbaas::egress
