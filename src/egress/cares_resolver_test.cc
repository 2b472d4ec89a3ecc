#include "egress/cares_resolver.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <future>
#include <span>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

UniqueFd bind_udp(const std::string& host = "127.0.0.1", int port = 0) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to;
  const auto size = address(host).to_sockaddr(port, to);
  ::bind(fd.get(), reinterpret_cast<sockaddr*>(&to), size);
  return fd;
}

// A name server on loopback that knows 192.0.2.7 and 2001:db8::7 of every name but those that begin
// with "no", and says nothing of those that begin with "silent".
class NameServer {
 public:
  explicit NameServer(const std::string& host = "127.0.0.1", int port = 0)
      : host_(host), fd_(bind_udp(host, port)) {
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stopping_ = true;
    const UniqueFd waker = bind_udp();
    sockaddr_storage to;
    const auto size = address(host_).to_sockaddr(port(), to);
    ::sendto(waker.get(), "", 0, 0, reinterpret_cast<sockaddr*>(&to), size);
    thread_.join();
  }

  int port() const { return port_of(fd_); }

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

  std::string host_;
  UniqueFd fd_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// A resolv.conf of the test's own.
class ResolvConf {
 public:
  explicit ResolvConf(const std::string& server = "127.0.0.1") { name(server); }
  ~ResolvConf() { ::unlink(path_.c_str()); }
  ResolvConf(const ResolvConf&) = delete;
  ResolvConf& operator=(const ResolvConf&) = delete;
  // In place of the server before, as programs that write it do: whole, by another file.
  void name(const std::string& server) {
    const auto made = path_ + ".new";
    std::ofstream(made) << "nameserver " << server << "\n";
    ::rename(made.c_str(), path_.c_str());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_ = ::testing::TempDir() + "resolv.conf-" + std::to_string(::getpid());
};

Resolved look_up(Resolver& resolver, const std::string& host) {
  std::promise<Resolved> promise;
  resolver.resolve(host, [&](Resolved resolved) { promise.set_value(std::move(resolved)); });
  return promise.get_future().get();
}

TEST(CaresResolver, FindsEveryAddressOfAName) {
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver({.resolv_conf = conf.path(), .port = server.port()});
  auto found = look_up(resolver, "host.example");
  EXPECT_EQ(found.status, ResolveStatus::kFound);
  std::ranges::sort(found.addresses);
  EXPECT_EQ(found.addresses, (std::vector{address("192.0.2.7"), address("2001:db8::7")}));
}

TEST(CaresResolver, TakesSoManyAddressesOfANameAndNoMore) {
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver({.resolv_conf = conf.path(), .port = server.port()});
  EXPECT_EQ(look_up(resolver, "many.example").addresses.size(), 32u);
}

TEST(CaresResolver, KnowsTheHostsFile) {
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver({.resolv_conf = conf.path(), .port = server.port()});
  const auto found = look_up(resolver, "localhost");
  EXPECT_EQ(found.status, ResolveStatus::kFound);
  for (const auto& each : found.addresses) EXPECT_EQ(kind_of(each), AddressKind::kLoopback);
}

TEST(CaresResolver, SaysWhatIsNotThere) {
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver({.resolv_conf = conf.path(), .port = server.port()});
  EXPECT_EQ(look_up(resolver, "no.example").status, ResolveStatus::kNotFound);
}

TEST(CaresResolver, GivesUpOnASilentServerWhileItAnswersOthers) {
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver(
      {.timeout_ms = 100, .tries = 2, .resolv_conf = conf.path(), .port = server.port()});
  std::promise<Resolved> silent;
  resolver.resolve("silent.example", [&](Resolved got) { silent.set_value(std::move(got)); });
  EXPECT_EQ(look_up(resolver, "host.example").status, ResolveStatus::kFound);
  auto late = silent.get_future();
  EXPECT_EQ(late.get().status, ResolveStatus::kTimeout);
}

TEST(CaresResolver, SaysWhereNoServerRuns) {
  const UniqueFd nobody = bind_udp();
  const ResolvConf conf;
  CaresResolver resolver(
      {.timeout_ms = 50, .tries = 1, .resolv_conf = conf.path(), .port = port_of(nobody)});
  EXPECT_NE(look_up(resolver, "host.example").status, ResolveStatus::kFound);
}

TEST(CaresResolver, AsksTheServersThatTheMachineHasNow) {
  const UniqueFd silent = bind_udp();
  NameServer server("127.0.0.2", port_of(silent));
  ResolvConf conf;
  CaresResolver resolver(
      {.timeout_ms = 60'000, .resolv_conf = conf.path(), .port = port_of(silent)});
  std::promise<Resolved> before;
  resolver.resolve("before.example", [&](Resolved got) { before.set_value(std::move(got)); });
  auto asked_before = before.get_future();
  EXPECT_EQ(asked_before.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
  conf.name("127.0.0.2");
  EXPECT_EQ(look_up(resolver, "after.example").status, ResolveStatus::kFound);
  EXPECT_EQ(asked_before.get().status, ResolveStatus::kFound);
}

TEST(CaresResolver, TakesSoManyAndNoMore) {
  // Outlives the resolver, which answers what is pending when it goes.
  std::atomic<int> answered{0};
  NameServer server;
  const ResolvConf conf;
  CaresResolver resolver(
      {.timeout_ms = 5'000, .pending_max = 2, .resolv_conf = conf.path(), .port = server.port()});
  for (int i = 0; i < 2; ++i)
    resolver.resolve("silent.example", [&](const Resolved&) { ++answered; });
  EXPECT_EQ(look_up(resolver, "host.example").status, ResolveStatus::kBusy);
  EXPECT_EQ(answered, 0);
}

TEST(CaresResolver, AnswersWhatIsPendingWhenItGoes) {
  std::atomic<int> answered{0};
  NameServer server;
  const ResolvConf conf;
  {
    CaresResolver resolver(
        {.timeout_ms = 60'000, .resolv_conf = conf.path(), .port = server.port()});
    for (int i = 0; i < 100; ++i)
      resolver.resolve("silent.example", [&](const Resolved&) { ++answered; });
  }
  EXPECT_EQ(answered, 100);
}

}  // namespace
}  // namespace pbaas::egress
