// The part of a body that a request's Range asks for,
// https://www.rfc-editor.org/rfc/rfc9110#section-14. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pbaas::net {

struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t bytes = 0;
  bool operator==(const ByteRange&) const = default;
};

enum class RangeAnswer { kWhole, kPart, kUnsatisfiable };

struct RangeReading {
  RangeAnswer answer = RangeAnswer::kWhole;
  ByteRange part{};  // of kPart
};

// `range` is the field's value, and `size` that of the whole body. Several ranges, another unit,
// and what cannot be read are answered with the whole, as a server may.
RangeReading read_range(std::optional<std::string_view> range, std::uint64_t size);

}  // namespace pbaas::net
