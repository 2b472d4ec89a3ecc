#include "base/ids.h"

#include <gtest/gtest.h>

#include <type_traits>
#include <unordered_set>

namespace pbaas {
namespace {

static_assert(!std::is_convertible_v<SessionId, WorkerId>);
static_assert(!std::is_constructible_v<SessionId, std::string>);

TEST(Id, ReadsBackWhatItShows) {
  const auto id = SessionId::random();
  EXPECT_EQ(SessionId::parse(id.text()), id);
}

TEST(Id, DiffersEachTime) {
  std::unordered_set<SessionId> ids;
  for (int n = 0; n < 10'000; ++n) ids.insert(SessionId::random());
  EXPECT_EQ(ids.size(), 10'000U);
}

TEST(Id, IsNothingButThirtyTwoLowerCaseHexadecimalDigits) {
  const std::string good(32, 'a');
  EXPECT_TRUE(SessionId::parse(good));
  EXPECT_FALSE(SessionId::parse(""));
  EXPECT_FALSE(SessionId::parse(good + "a"));
  EXPECT_FALSE(SessionId::parse(good.substr(1)));
  for (const char c : {'A', 'g', '-', '/', ' ', '\0', ':', '`'})
    EXPECT_FALSE(SessionId::parse(good.substr(1) + c)) << static_cast<int>(c);
}

}  // namespace
}  // namespace pbaas
