#include "recording/cookie_date.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace pbaas::recording {
namespace {

constexpr std::int64_t kJanuary2021 = 1'610'576'581;  // 2021-01-13T22:23:01Z

TEST(CookieDate, IsReadInEveryFormThatServersWrite) {
  for (const auto* text : {"Wed, 13 Jan 2021 22:23:01 GMT", "Wed, 13-Jan-2021 22:23:01 GMT",
                           "Wed, 13-Jan-21 22:23:01 GMT", "Wednesday, 13-Jan-21 22:23:01 GMT",
                           "Wed Jan 13 22:23:01 2021", "13 jan 2021 22:23:01",
                           "22:23:01 13 January 2021", "Wed, 13 Jan 2021 22:23:01 +0000"})
    EXPECT_EQ(cookie_date(text), kJanuary2021) << text;
}

TEST(CookieDate, TakesYearsOfTwoDigitsFrom1970To2069) {
  EXPECT_EQ(cookie_date("Thu, 01-Jan-70 00:00:00 GMT"), 0);
  EXPECT_EQ(cookie_date("Fri, 31-Dec-99 23:59:59 GMT"), 946'684'799);
  EXPECT_EQ(cookie_date("Sat, 01-Jan-00 00:00:00 GMT"), 946'684'800);
  EXPECT_EQ(cookie_date("Mon, 31-Dec-69 23:59:59 GMT"), 3'155'759'999);
}

TEST(CookieDate, IsNothingWhereItIsNone) {
  for (const auto* text : {"", "soon", "Wed, 13 Jan 2021", "Wed, 30 Feb 2021 22:23:01 GMT",
                           "Wed, 13 Jan 2021 24:00:00 GMT", "Wed, 13 Jan 2021 23:60:00 GMT",
                           "Wed, 13 Jan 1600 22:23:01 GMT", "Wed, 13 Jan 20210 22:23:01 GMT", "0"})
    EXPECT_FALSE(cookie_date(text)) << text;
  EXPECT_TRUE(cookie_date("Mon, 01 Jan 1601 00:00:00 GMT"));
}

}  // namespace
}  // namespace pbaas::recording
