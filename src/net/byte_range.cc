#include "net/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace pbaas::net {
namespace {

// Digits alone; what is too large for a number is as good as the largest one.
std::optional<std::uint64_t> to_number(std::string_view digits) {
  if (digits.empty() || digits.find_first_not_of("0123456789") != digits.npos) return std::nullopt;
  std::uint64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

RangeReading part(std::uint64_t first, std::uint64_t end) {
  return {RangeAnswer::kPart, {first, end - first}};
}

}  // namespace

RangeReading read_range(std::optional<std::string_view> range, std::uint64_t size) {
  constexpr std::string_view kUnit = "bytes=";
  if (!range || !range->starts_with(kUnit)) return {};
  const auto spec = range->substr(kUnit.size());
  const auto dash = spec.find('-');
  if (dash == spec.npos) return {};
  const auto from = spec.substr(0, dash);
  const auto to = spec.substr(dash + 1);
  const auto last = to_number(to);
  if (!to.empty() && !last) return {};
  if (from.empty()) {
    // So many from the end.
    if (!last) return {};
    if (*last == 0 || size == 0) return {RangeAnswer::kUnsatisfiable};
    return part(size - std::min(*last, size), size);
  }
  const auto first = to_number(from);
  if (!first || (last && *last < *first)) return {};
  if (*first >= size) return {RangeAnswer::kUnsatisfiable};
  return part(*first, last ? std::min(*last, size - 1) + 1 : size);
}

}  // namespace pbaas::net
