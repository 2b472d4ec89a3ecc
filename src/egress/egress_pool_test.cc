#include "egress/egress_pool.h"

#include <gtest/gtest.h>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

TEST(EgressPool, CountsASessionsTraffic) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read(4);
    wire.send("pong!");
    wire.read_all();
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.send("ping");
  EXPECT_EQ(tunnel.read(5), "pong!");
  const EgressCounts counts{.bytes_up = 4, .bytes_down = 5, .connections = 1, .refusals = 0};
  EXPECT_EQ(rig.session->counts(), counts);
  EXPECT_EQ(rig.pool.totals(), counts);
  EXPECT_EQ(rig.pool.open(), 1u);
}

TEST(EgressPool, TheEndOfASessionEndsItsConnectionsAndItsListener) {
  Rig rig;
  Server server([](Wire& wire) { wire.read_all(); });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  Wire idle = rig.connect();
  rig.session.reset();
  EXPECT_EQ(tunnel.read_all(), "");
  EXPECT_EQ(tunnel.end(), WireEnd::kReset);
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
  EXPECT_TRUE(soon([&] {
    try {
      rig.connect();
      return false;
    } catch (const std::system_error&) {
      return true;
    }
  }));
}

TEST(EgressPool, OneSessionsEndLeavesTheOthers) {
  Rig rig;
  Server server(serve_ok);
  UniqueFd listener = listen_on_loopback();
  const int port = port_of(listener);
  const auto other = rig.pool.serve(std::move(listener), {});
  rig.session.reset();
  Wire wire(connect_to_loopback(port));
  wire.send(get(server.at("a.example") + "/x"));
  EXPECT_EQ(read_body(wire), "ok GET /x");
  EXPECT_EQ(other->counts().connections, 1u);
}

TEST(EgressPool, ASessionMayOutliveThePool) {
  std::unique_ptr<SessionEgress> session;
  {
    Rig rig;
    session = std::move(rig.session);
  }
  session->assign({});
  EXPECT_EQ(session->counts().connections, 0u);
}

TEST(EgressPool, RefusesMoreConnectionsThanTheLimit) {
  auto limits = Rig::quick();
  limits.connections_max = 3;
  Rig rig(allow_loopback(), limits);
  std::vector<Wire> held;
  for (int i = 0; i < 3; ++i) held.push_back(rig.connect());
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 3; }));
  Wire fourth = rig.connect();
  EXPECT_TRUE(fourth.read_all().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(rig.session->counts().refusals, 1u);

  held.pop_back();
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 2; }));
  Wire fifth = rig.connect();
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 3; }));
}

TEST(EgressPool, TakesABlockingListenerAndWhoWaitsThere) {
  Rig rig;
  Server server(serve_ok);
  UniqueFd listener = listen_on_loopback();
  Wire early(connect_to_loopback(port_of(listener)));
  early.send(get(server.at("a.example") + "/early"));
  const auto other = rig.pool.serve(std::move(listener), {});
  EXPECT_EQ(read_body(early), "ok GET /early");
}

TEST(EgressPool, ServesASessionThatComesAndGoesAThousandTimes) {
  Rig rig;
  for (int i = 0; i < 1'000; ++i) {
    UniqueFd listener = listen_on_loopback();
    Wire wire(connect_to_loopback(port_of(listener)));
    const auto other = rig.pool.serve(std::move(listener), {});
  }
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

}  // namespace
}  // namespace pbaas::egress
