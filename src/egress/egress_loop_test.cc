#include "egress/egress_loop.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <thread>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

TEST(EgressLoop, AFastDownloadLeavesOthersTheirTurn) {
  Rig rig;
  Server endless([](Wire& wire) {
    const std::string block(1 << 20, 'x');
    for (;;) wire.send(block);
  });
  Server server(serve_ok);
  Wire greedy = rig.tunnel(endless.at("a.example"));
  std::thread reader([&] { greedy.count_all(); });
  Wire wire = rig.connect();
  for (int i = 0; i < 100; ++i) {
    wire.send(get(server.at("a.example") + "/"));
    EXPECT_EQ(read_body(wire), "ok GET /");
  }
  rig.session.reset();
  reader.join();
}

TEST(EgressLoop, ManyConnectionsComeAndGoAtOnce) {
  Rig rig;
  Server server([](Wire& wire) { wire.send(wire.read_all()); });
  std::vector<std::thread> clients;
  std::atomic<int> right{0};
  for (int n = 0; n < 8; ++n) {
    clients.emplace_back([&, n] {
      for (int i = 0; i < 25; ++i) {
        Wire tunnel = rig.tunnel(server.at("a.example"));
        const std::string text = std::to_string(n) + "/" + std::to_string(i);
        tunnel.send(text);
        tunnel.shut_writing();
        if (tunnel.read_all() == text) ++right;
      }
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(right, 200);
  EXPECT_EQ(rig.session->counts().connections, 200u);
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

TEST(EgressLoop, AcceptsAgainOnceThereAreDescriptors) {
  Rig rig;
  Server server(serve_ok);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  // One more for the client's socket, none for ours.
  const UniqueFd lowest(::dup(0));
  UniqueFd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(client.get() + 1);
  ::setrlimit(RLIMIT_NOFILE, &none);
  sockaddr_storage to;
  const auto size = address("127.0.0.1").to_sockaddr(rig.port(), to);
  const int connected = ::connect(client.get(), reinterpret_cast<sockaddr*>(&to), size);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const auto open = rig.pool.open();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(connected, 0);
  EXPECT_EQ(open, 0u);
  Wire wire(std::move(client));
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_EQ(read_body(wire), "ok GET /");
}

}  // namespace
}  // namespace pbaas::egress
