#include "base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace pbaas {
namespace {

// The last Fault of the enum: what lies between the first and it must be in the table.
constexpr Fault kLast = Fault::kCancelled;

TEST(Fault, HasARowForEachOfTheEnum) {
  for (int n = 0; n <= static_cast<int>(kLast); ++n)
    EXPECT_NO_THROW((void)http_status(static_cast<Fault>(n))) << n;
  EXPECT_EQ(all_faults().size(), static_cast<std::size_t>(kLast) + 1);
}

TEST(Fault, HasAWordOfItsOwnATitleAndAnErrorStatus) {
  std::set<std::string_view> words;
  for (const auto fault : all_faults()) {
    EXPECT_TRUE(words.insert(reason_word(fault)).second) << reason_word(fault);
    EXPECT_EQ(reason_word(fault).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
              std::string_view::npos)
        << reason_word(fault);
    EXPECT_FALSE(title(fault).empty());
    EXPECT_GE(http_status(fault), 400);
    EXPECT_LT(http_status(fault), 600);
  }
}

TEST(Fault, HasTheStatusClientsWereTold) {
  EXPECT_EQ(http_status(Fault::kInvalidField), 400);
  EXPECT_EQ(http_status(Fault::kNoSuchSession), 404);
  EXPECT_EQ(http_status(Fault::kQueueFull), 429);
  EXPECT_EQ(http_status(Fault::kNoCapacity), 503);
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value = 7;
  const Result<int> error = Error{Fault::kQueueFull, "full"};
  EXPECT_EQ(value.value(), 7);
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().fault, Fault::kQueueFull);
}

TEST(Result, ThrowsWhenTheValueOfAnErrorIsUsed) {
  const Result<int> error = Error{Fault::kQueueFull, "full"};
  EXPECT_THROW((void)error.value(), std::logic_error);
}

}  // namespace
}  // namespace pbaas
