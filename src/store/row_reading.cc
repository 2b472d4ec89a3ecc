#include "store/row_reading.h"

#include <charconv>

namespace pbaas::store {

std::string column_list(std::span<const char* const> columns, const std::string& prefix) {
  std::string list;
  for (const char* column : columns) list += (list.empty() ? prefix : ", " + prefix) + column;
  return list;
}

std::string RowReading::text() {
  const char* name = columns_[at_];
  return known(next(), name);
}

std::optional<std::int64_t> RowReading::number_or_null() {
  const char* name = columns_[at_];
  const auto& shown = next();
  if (!shown) return std::nullopt;
  std::int64_t value = 0;
  const char* end = shown->data() + shown->size();
  const auto read = std::from_chars(shown->data(), end, value);
  const bool is_number = read.ec == std::errc{} && read.ptr == end;
  return known(is_number ? std::optional(value) : std::nullopt, name);
}

std::int64_t RowReading::number() {
  const char* name = columns_[at_];
  return known(number_or_null(), name);
}

std::optional<std::uint64_t> RowReading::count_or_null() {
  const auto value = number_or_null();
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

std::optional<WallTime> RowReading::time_or_null() {
  const auto ms = number_or_null();
  if (!ms) return std::nullopt;
  return WallTime{Duration{*ms}};
}

}  // namespace pbaas::store
