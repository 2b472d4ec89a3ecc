// Values of SQL parameters, and what a row's values are once they are checked. Throws
// std::runtime_error where a row holds what this program does not write; its callers make an Error
// of that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "store/sql.h"

namespace pbaas::store {

inline SqlValue sql_number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

inline SqlValue sql_time(WallTime value) {
  return std::int64_t{value.time_since_epoch().count()};
}

// The names with commas between them, and the prefix before each.
std::string column_list(std::span<const char* const> columns, const std::string& prefix = "");

// `what` is the value's column.
template <typename T>
T known(std::optional<T> value, std::string_view what) {
  if (!value) throw std::runtime_error("the session log has a row with a bad " + std::string(what));
  return std::move(*value);
}

// The row's values one after another, each named for the error if it is not what it must be. Row
// and names outlive it.
class RowReading {
 public:
  RowReading(const SqlRow& row, std::span<const char* const> columns)
      : row_(row), columns_(columns) {}

  const std::optional<std::string>& next() { return row_.at(at_++); }
  std::string text();
  std::optional<std::int64_t> number_or_null();
  std::int64_t number();
  std::uint64_t count() { return static_cast<std::uint64_t>(number()); }
  std::optional<std::uint64_t> count_or_null();
  std::optional<WallTime> time_or_null();

 private:
  const SqlRow& row_;
  const std::span<const char* const> columns_;
  std::size_t at_ = 0;
};

}  // namespace pbaas::store
