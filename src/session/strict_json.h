// JSON as strictly as an API should take it: one object, no name twice in it at any depth (most
// parsers keep the last silently, and two that keep different ones disagree on what was asked), and
// limits on size and depth. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "base/error.h"

namespace pbaas::session {

// Far more than any request the API takes: 32 metadata pairs of 576 bytes, each byte escaped, is
// 110 KB.
inline constexpr std::size_t kJsonBytesMax = 256 * 1024;
inline constexpr std::size_t kJsonDepthMax = 8;

// An empty or blank body is `{}`. Errors: kBodyTooLarge, kMalformedJson, and kInvalidField for a
// name given twice.
Result<boost::json::object> parse_strict_object(std::string_view body);

}  // namespace pbaas::session
