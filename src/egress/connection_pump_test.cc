#include <gtest/gtest.h>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

TEST(Tunnel, CarriesBytesBothWays) {
  Rig rig;
  Server server([](Wire& wire) {
    for (;;) wire.send("<" + wire.read(3) + ">");
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  for (const auto* word : {"one", "two", "six"}) {
    tunnel.send(word);
    EXPECT_EQ(tunnel.read(5), "<" + std::string(word) + ">");
  }
}

TEST(Tunnel, SendsWhatCameBehindTheHead) {
  Rig rig;
  Server server([](Wire& wire) { wire.send(wire.read(5)); });
  EXPECT_TRUE(
      rig.answer(connect_request(server.at("a.example")) + "early").ends_with("\r\n\r\nearly"));
}

TEST(Tunnel, LetsAServerSpeakFirst) {
  Rig rig;
  Server server([](Wire& wire) { wire.send("220 hello\r\n"); });
  EXPECT_TRUE(rig.answer(connect_request(server.at("a.example"))).ends_with("220 hello\r\n"));
}

TEST(Tunnel, HasHalvesThatEndAlone) {
  Rig rig;
  Server server([](Wire& wire) { wire.send("got " + wire.read_all()); });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.send("all of it");
  tunnel.shut_writing();
  EXPECT_EQ(tunnel.read_all(), "got all of it");
  EXPECT_EQ(tunnel.end(), WireEnd::kEof);
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

TEST(Tunnel, AHalfThatStaysOpenForLongIsEnded) {
  auto limits = Rig::quick();
  limits.half_closed_max = Duration{50};
  Rig rig(allow_loopback(), limits);
  Server server([](Wire& wire) {
    wire.read_all();
    wire.read(1);
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.shut_writing();
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

TEST(Tunnel, AnIdleOneIsEnded) {
  auto limits = Rig::quick();
  limits.tunnel_idle_max = Duration{50};
  Rig rig(allow_loopback(), limits);
  Server server([](Wire& wire) { wire.read_all(); });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.read_all();
  EXPECT_EQ(tunnel.end(), WireEnd::kReset);
}

TEST(Tunnel, AResetOnOneSideIsAResetOnTheOther) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read(2);
    wire.reset();
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.send("go");
  tunnel.read_all();
  EXPECT_EQ(tunnel.end(), WireEnd::kReset);
}

TEST(Tunnel, AClientThatLeavesEndsTheDownload) {
  Rig rig;
  std::atomic<bool> ended{false};
  Server server([&](Wire& wire) {
    const std::string block(100'000, 'x');
    try {
      for (;;) wire.send(block);
    } catch (const std::exception&) {
      ended = true;
      throw;
    }
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  tunnel.read(1'000'000);
  tunnel.close();
  EXPECT_TRUE(soon([&] { return ended.load(); }));
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

TEST(Tunnel, HoldsTheSenderBackWhereTheReaderIsSlow) {
  Rig rig;
  std::atomic<std::uint64_t> sent{0};
  Server server([&](Wire& wire) {
    const std::string block(100'000, 'x');
    for (;; sent += block.size()) wire.send(block);
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  // Until nothing more fits the sockets' buffers.
  std::uint64_t before = 0;
  EXPECT_TRUE(soon([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    return std::exchange(before, sent.load()) == sent.load() && before > 0;
  }));
  EXPECT_LT(sent, 64u << 20);
  EXPECT_EQ(tunnel.read(32 << 20).size(), 32u << 20);
}

TEST(Tunnel, CarriesAGigabyte) {
  Rig rig;
  constexpr std::uint64_t size = 1ull << 30;
  Server server([](Wire& wire) {
    const std::string block(1 << 20, 'x');
    for (std::uint64_t left = size; left > 0; left -= block.size()) wire.send(block);
  });
  Wire tunnel = rig.tunnel(server.at("a.example"));
  EXPECT_EQ(tunnel.count_all(), size);
  EXPECT_EQ(rig.session->counts().bytes_down, size);
}

TEST(Plain, AnswersOneAfterTheOtherOverTheSameConnections) {
  Rig rig;
  Server server(serve_ok);
  Wire wire = rig.connect();
  for (const auto* path : {"/one", "/two?q=1", "/three"}) {
    wire.send(get(server.at("a.example") + path));
    EXPECT_EQ(read_body(wire), std::string("ok GET ") + path);
  }
  EXPECT_EQ(server.accepted(), 1);
  EXPECT_EQ(rig.session->counts().connections, 1u);
}

TEST(Plain, AnotherHostIsAnotherConnection) {
  Rig rig;
  Server server(serve_ok);
  Wire wire = rig.connect();
  for (const auto* host : {"a.example", "b.example", "b.example", "a.example"}) {
    wire.send(get(server.at(host) + "/"));
    EXPECT_EQ(read_body(wire), "ok GET /");
  }
  EXPECT_EQ(server.accepted(), 3);
}

TEST(Plain, AnswersRequestsThatCameAtOnceInTheirOrder) {
  Rig rig;
  Server server(serve_ok);
  Wire wire = rig.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += get(server.at("a.example") + "/" + std::to_string(i));
  wire.send(requests);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(read_body(wire), "ok GET /" + std::to_string(i));
}

TEST(Plain, TakesAHeadThatDripsIn) {
  Rig rig;
  Server server(serve_ok);
  Wire wire = rig.connect();
  for (const char c : get(server.at("a.example") + "/slow")) wire.send({&c, 1});
  EXPECT_EQ(read_body(wire), "ok GET /slow");
}

TEST(Plain, AHeadThatNeverEndsIsEnded) {
  auto limits = Rig::quick();
  limits.head_max = Duration{50};
  Rig rig(allow_loopback(), limits);
  Wire wire = rig.connect();
  wire.send("GET http://a.example/ HT");
  wire.read_all();
  EXPECT_EQ(wire.end(), WireEnd::kEof);
}

TEST(Plain, AnAnswersHeadThatDripsForEverIsEnded) {
  auto limits = Rig::quick();
  limits.stall_max = Duration{100};
  Rig rig(allow_loopback(), limits);
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 200 OK\r\n");
    for (;;) {
      wire.send("a\n");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_TRUE(wire.read_head().starts_with("HTTP/1.1 504 "));
}

TEST(Plain, CarriesALargeBodyUpAndItsNextRequest) {
  Rig rig;
  constexpr std::size_t size = 20 << 20;
  Server server([](Wire& wire) {
    for (;;) {
      wire.read_head();
      const auto body = wire.read(size);
      wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" + body.substr(size - 1));
    }
  });
  Wire wire = rig.connect();
  for (const char mark : {'1', '2'}) {
    const std::string body = std::string(size - 1, 'x') + mark;
    wire.send("POST http://" + server.at("a.example") +
              "/ HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
              body);
    EXPECT_EQ(read_body(wire), std::string(1, mark));
  }
}

TEST(Plain, CarriesChunksUpAndDown) {
  Rig rig;
  const std::string chunks = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n";
  Server server([&](Wire& wire) {
    for (;;) {
      wire.read_head();
      const auto body = wire.read(chunks.size());
      wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (const char c : body) wire.send({&c, 1});
    }
  });
  Wire wire = rig.connect();
  for (int i = 0; i < 2; ++i) {
    wire.send("POST http://" + server.at("a.example") +
              "/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : chunks) wire.send({&c, 1});
    wire.read_head();
    EXPECT_EQ(wire.read(chunks.size()), chunks);
  }
  EXPECT_EQ(server.accepted(), 1);
}

TEST(Plain, ABodyThatEndsWithTheConnectionEndsTheClients) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.0 200 OK\r\n\r\nall ");
    wire.send("there is");
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_TRUE(wire.read_all().ends_with("\r\n\r\nall there is"));
  EXPECT_EQ(wire.end(), WireEnd::kEof);
}

// Or the browser would take half a page for a whole one.
TEST(Plain, ABodyThatIsCutOffIsAReset) {
  Rig rig;
  for (const auto* framing : {"Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n"}) {
    Server server([&](Wire& wire) {
      wire.read_head();
      wire.send(std::string("HTTP/1.1 200 OK\r\n") + framing + "\r\n5\r\nab");
    });
    Wire wire = rig.connect();
    wire.send(get(server.at("a.example") + "/"));
    wire.read_all();
    EXPECT_EQ(wire.end(), WireEnd::kReset) << framing;
  }
}

TEST(Plain, AServerThatResetsInABodyWithoutALengthIsAReset) {
  Rig rig;
  std::atomic<bool> reset{false};
  Server server([&](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 200 OK\r\n\r\nhalf");
    while (!reset) std::this_thread::yield();
    wire.reset();
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_EQ(wire.read_until("half").substr(0, 12), "HTTP/1.1 200");
  reset = true;
  wire.read_all();
  EXPECT_EQ(wire.end(), WireEnd::kReset);
}

TEST(Plain, PassesInterimResponsesOn) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    wire.read(1);
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_TRUE(wire.read_head().starts_with("HTTP/1.1 103 "));
  EXPECT_TRUE(wire.read_head().starts_with("HTTP/1.1 100 "));
  EXPECT_EQ(read_body(wire), "ok");
}

TEST(Plain, AHeadRequestHasNoBody) {
  Rig rig;
  Server server([](Wire& wire) {
    for (;;) {
      wire.read_head();
      wire.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    }
  });
  Wire wire = rig.connect();
  for (int i = 0; i < 2; ++i) {
    wire.send("HEAD http://" + server.at("a.example") + "/ HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(wire.read_head().starts_with("HTTP/1.1 200 "));
  }
}

TEST(Plain, AnEarlyAnswerIsReadThoughTheBodyIsNot) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    wire.read_all();
  });
  Wire wire = rig.connect();
  wire.send("POST http://" + server.at("a.example") +
            "/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nthe first bytes");
  EXPECT_TRUE(wire.read_all().ends_with("\r\n\r\nno"));
  EXPECT_EQ(wire.end(), WireEnd::kEof);
}

TEST(Plain, BytesThatNobodyAskedForAreNoAnswer) {
  Rig rig;
  const std::string evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
  Server server([&](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + evil);
    wire.read_all();
  });
  Server late([&](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    wire.send(evil);
    wire.read_all();
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_TRUE(wire.read_all().ends_with("\r\n\r\nok"));

  Wire other = rig.connect();
  other.send(get(late.at("a.example") + "/"));
  EXPECT_EQ(read_body(other), "ok");
  std::this_thread::sleep_for(std::chrono::milliseconds(60));
  other.send(get(late.at("a.example") + "/"));
  // The same server on a new connection, rather than what waited on the old one.
  EXPECT_EQ(read_body(other), "ok");
  EXPECT_EQ(late.accepted(), 2);
}

TEST(Plain, AServerThatLeavesWhileIdleTakesTheConnectionWithIt) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_EQ(read_body(wire), "ok");
  EXPECT_EQ(wire.read_all(), "");
  EXPECT_EQ(wire.end(), WireEnd::kEof);
}

TEST(Plain, UpgradesToAWebSocket) {
  Rig rig;
  Server server([](Wire& wire) {
    const auto head = wire.read_head();
    if (head.find("Upgrade: websocket") == std::string::npos) return;
    wire.send(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
        "Upgrade\r\n\r\nfirst");
    for (;;) wire.send(wire.read(1));
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/ws",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n"));
  EXPECT_TRUE(wire.read_head().starts_with("HTTP/1.1 101 "));
  EXPECT_EQ(wire.read(5), "first");
  wire.send("frames");
  EXPECT_EQ(wire.read(6), "frames");
}

TEST(Plain, AnUpgradeThatNobodyAskedForIsBroken) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 101 Switching Protocols\r\n\r\n");
    wire.read_all();
  });
  const auto answer = rig.answer(get(server.at("a.example") + "/"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
}

TEST(Plain, AServerMayNotAskForAProxyPassword) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    wire.send("HTTP/1.1 407 x\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
    wire.read_all();
  });
  const auto answer = rig.answer(get(server.at("a.example") + "/"));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
  EXPECT_EQ(answer.find("Proxy-Authenticate"), std::string::npos);
}

TEST(Plain, AClientThatIsDoneSendingStillGetsItsAnswer) {
  Rig rig;
  Server server([](Wire& wire) {
    wire.read_head();
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    wire.read_all();
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  wire.shut_writing();
  EXPECT_TRUE(wire.read_all().ends_with("\r\n\r\nok"));
}

TEST(Plain, AClientThatIsGoneTakesItsRequestWithIt) {
  Rig rig;
  std::atomic<bool> ended{false};
  Server server([&](Wire& wire) {
    wire.read_head();
    wire.read_all();
    ended = true;
  });
  Wire wire = rig.connect();
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_TRUE(soon([&] { return server.accepted() == 1; }));
  wire.reset();
  EXPECT_TRUE(soon([&] { return ended.load(); }));
}

}  // namespace
}  // namespace pbaas::egress
