// Bytes as text and text as bytes, without a copy.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace pbaas::egress {

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace pbaas::egress
