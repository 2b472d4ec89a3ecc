#include "browser/init_line.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <span>

#include "base/passed_fds.h"
#include "browser/launcher_fixture.h"
#include "browser/packet_ends.h"
#include "net/connect.h"

namespace pbaas::browser {
namespace {

using namespace testing;

// What comes of it: "connected", or the word of the fault.
net::Task<std::string> outcome(net::Task<Result<net::ByteStream>> dialing) {
  const auto stream = co_await std::move(dialing);
  if (stream) co_return "connected";
  co_return std::string(reason_word(stream.error().fault));
}

// Plays the init at the other end.
class InitLineTest : public ::testing::Test {
 protected:
  InitLineTest() {
    auto ends = make_packet_ends();
    theirs = std::move(ends->theirs);
    line = std::make_shared<InitLine>(loop, std::move(ends->ours),
                                      [this](InitNews heard) { news.push_back(std::move(heard)); });
    line->listen();
  }

  void say(InitSays says, int value = 0, int fd = -1) {
    const InitMessage message{says, value};
    const std::span beside(&fd, fd >= 0 ? 1 : 0);
    ASSERT_TRUE(send_passing(theirs.get(), std::as_bytes(std::span(&message, 1)), beside, 0));
  }
  void give_socket() {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
    say(InitSays::kSocket, 0, socket.get());
  }

  net::Loop loop;
  UniqueFd theirs;
  std::shared_ptr<InitLine> line;
  std::vector<InitNews> news;
};

TEST_F(InitLineTest, TellsTheNewsAndWhoSentIt) {
  say(InitSays::kEnded, 9);
  ASSERT_TRUE(run_until(loop, [&] { return !news.empty(); }));
  EXPECT_EQ(news[0].says, InitSays::kEnded);
  EXPECT_EQ(news[0].value, 9);
  EXPECT_EQ(news[0].sender, ::getpid());
}

TEST_F(InitLineTest, DialsWithASocketThatIsThereAndAsksForTheNext) {
  using boost::asio::ip::tcp;
  tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  give_socket();
  run_until(loop, [&] { return false; }, milliseconds(20));
  const int port = acceptor.local_endpoint().port();
  EXPECT_EQ(run_task(loop, outcome(line->dial(port))), "connected");
  char wanted = 0;
  EXPECT_EQ(::recv(theirs.get(), &wanted, 1, MSG_DONTWAIT), 1);
}

TEST_F(InitLineTest, TellsWhoWaitsForASocketThatTheBrowserHasEnded) {
  std::string told;
  boost::asio::co_spawn(loop, outcome(line->dial(1)),
                        [&](const std::exception_ptr&, std::string word) { told = word; });
  run_until(loop, [&] { return false; }, milliseconds(20));
  theirs.reset();
  ASSERT_TRUE(run_until(loop, [&] { return !told.empty(); }, milliseconds(1'000)));
  EXPECT_EQ(told, "browser_unreachable");
}

class DialerTest : public LauncherFixture {};

TEST_F(DialerTest, ReachesABrowserThatLoopbackDoesNot) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  const int port = browser->address().debug_port;
  EXPECT_NE(run_task(loop, outcome(net::connect_to("127.0.0.1", port))), "connected");
  const net::Dialer dial = browser->dialer();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(run_task(loop, outcome(dial())), "connected");
}

TEST_F(DialerTest, OutlivesItsBrowser) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  auto browser = must_launch();
  const net::Dialer dial = browser->dialer();
  browser.reset();
  EXPECT_EQ(run_task(loop, outcome(dial())), "browser_unreachable");
}

}  // namespace
}  // namespace pbaas::browser
