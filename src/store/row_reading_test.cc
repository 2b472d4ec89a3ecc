#include "store/row_reading.h"

#include <gtest/gtest.h>

#include <array>

namespace pbaas::store {
namespace {

constexpr std::array kNames{"word", "bytes", "at"};

TEST(RowReading, GivesValuesInTheOrderOfTheirColumns) {
  const SqlRow row{"w", "7", std::nullopt};
  RowReading reading(row, kNames);
  EXPECT_EQ(reading.text(), "w");
  EXPECT_EQ(reading.count(), 7U);
  EXPECT_FALSE(reading.time_or_null());
}

TEST(ColumnList, HasThePrefixBeforeEachName) {
  EXPECT_EQ(column_list(kNames), "word, bytes, at");
  EXPECT_EQ(column_list(kNames, "t."), "t.word, t.bytes, t.at");
}

std::string complaint(const SqlRow& row) {
  RowReading reading(row, kNames);
  try {
    (void)reading.text();
    (void)reading.number();
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

TEST(RowReading, NamesTheColumnOfAValueThatCannotBe) {
  EXPECT_EQ(complaint({std::nullopt, "7"}), "the session log has a row with a bad word");
  for (const auto* number : {"", "7x", "x", "99999999999999999999"})
    EXPECT_EQ(complaint({"w", number}), "the session log has a row with a bad bytes") << number;
  EXPECT_EQ(complaint({"w", std::nullopt}), "the session log has a row with a bad bytes");
}

}  // namespace
}  // namespace pbaas::store
