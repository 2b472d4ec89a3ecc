#include "browser/stderr_tail.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace pbaas::browser
