#include "browser/stderr_tail.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace pbaas::browser {
namespace {

TEST(DevtoolsLine, GivesPortAndGuid) {
  const auto address =
      parse_devtools_line("DevTools listening on ws://127.0.0.1:4321/devtools/browser/a-b");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->debug_port, 4321);
  EXPECT_EQ(address->guid, "a-b");
}

TEST(DevtoolsLine, RefusesWhatIsNotOne) {
  for (const char* line : {"", "DevTools listening on ws://127.0.0.1:/devtools/browser/a",
                           "DevTools listening on ws://127.0.0.1:70000/devtools/browser/a",
                           "DevTools listening on ws://127.0.0.1:1/devtools/browser/",
                           "DevTools listening on ws://127.0.0.1:1/other",
                           " DevTools listening on ws://127.0.0.1:1/devtools/browser/a"}) {
    EXPECT_FALSE(parse_devtools_line(line)) << line;
  }
}

TEST(LastWords, AreTheLastWholeLinesThatFit) {
  EXPECT_EQ(last_words("one\ntwo\nthree\n", 10), "two\nthree");
  EXPECT_EQ(last_words("one\n\n", 10), "one");
  EXPECT_EQ(last_words("", 10), "");
}

TEST(LastWords, LeaveOutComplaintsAboutAMissingDesktop) {
  EXPECT_EQ(last_words("[1:ERROR:dbus/bus.cc:405] Failed\nno library\n", 100), "no library");
}

TEST(StderrTail, ReadsNoMoreThanAPipefulAtTheEnd) {
  constexpr int kWritten = 256 * 1024;
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd writing(ends[1]);
  const UniqueFd watching(::fcntl(ends[0], F_DUPFD_CLOEXEC, 0));
  net::Loop loop;
  StderrTail tail(loop, UniqueFd(ends[0]), nullptr);
  if (::fcntl(writing.get(), F_SETPIPE_SZ, kWritten) < kWritten) {
    GTEST_SKIP() << "this host's pipes are small";
  }
  const std::string text(kWritten, 'x');
  ASSERT_EQ(::write(writing.get(), text.data(), text.size()), kWritten);
  tail.finish();
  int left = 0;
  ASSERT_EQ(::ioctl(watching.get(), FIONREAD, &left), 0);
  EXPECT_EQ(left, kWritten - 64 * 1024);
}

}  // namespace
}  // namespace pbaas::browser
