#include "net/relay_loop.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <atomic>
#include <string>
#include <thread>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

class RelayLoopTest : public RelayTest {};

TEST_F(RelayLoopTest, ServesAQuietRelayWhileABusyOneNeverRests) {
  auto busy = relay();
  auto quiet = relay();
  const std::string flood = from_browser(kText, std::string(8 << 20, 'x'));
  std::atomic<bool> done{false};
  std::thread sender([&] {
    while (!done) busy.browser.send(flood);
    busy.browser.leave();
  });
  std::thread reader([&] {
    std::string sink(1 << 20, '\0');
    while (::recv(busy.client.fd(), sink.data(), sink.size(), 0) > 0) {
    }
  });
  for (int i = 0; i < 100; ++i) {
    quiet.client.send(from_client(kText, "ask"));
    EXPECT_EQ(quiet.browser.read_frame().payload, "ask");
  }
  done = true;
  sender.join();
  busy.client.shut_writing();
  reader.join();
}

TEST_F(RelayLoopTest, IgnoresTheEndOfARelayThatIsGone) {
  RelayLoop loop("test", clock_, limits_);
  loop.close(7, {1000, ""});
  EXPECT_EQ(loop.open(), 0u);
}

// A plain file is what epoll refuses to watch.
TEST_F(RelayLoopTest, TellsTheClientWhenItCannotWatchItsBrowser) {
  auto client = tcp_pair();
  TestPeer peer(std::move(client.here));
  RelayStart start;
  start.client = std::move(client.there);
  start.browser.reset(::memfd_create("no socket", MFD_CLOEXEC));
  start.group = group_;
  pool().start(std::move(start));
  const Frame close = peer.read_frame();
  EXPECT_EQ(close.close_code(), 1011);
  EXPECT_EQ(close.close_reason(), "internal_error");
  peer.send(from_client(kClose, close.payload));
  EXPECT_EQ(peer.read_end(), End::kEof);
  EXPECT_TRUE(wait_until_gone());
  EXPECT_EQ(pool().totals().ends.at(1011), 1u);
}

TEST_F(RelayLoopTest, EndsARelayWhoseClientItCannotWatch) {
  auto browser = tcp_pair();
  TestPeer peer(std::move(browser.here));
  RelayStart start;
  start.client.reset(::memfd_create("no socket", MFD_CLOEXEC));
  start.browser = std::move(browser.there);
  start.group = group_;
  pool().start(std::move(start));
  EXPECT_EQ(peer.read_end(), End::kEof);
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
}

TEST_F(RelayLoopTest, EndsARelayThatWasHandedOverJustBeforeIt) {
  auto client = tcp_pair();
  auto browser = tcp_pair();
  {
    RelayLoop loop("test", clock_, limits_);
    RelayStart start;
    start.client = std::move(client.there);
    start.browser = std::move(browser.there);
    start.group = group_;
    loop.start(std::move(start));
    client.here.reset();
  }
  EXPECT_EQ(group_->open(), 0);
}

}  // namespace
}  // namespace pbaas::net
