// How a bad field of a request is told: its name, the value it had, and what it takes.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace pbaas::session {

// Values and names in errors are cut to this many bytes, so that an answer never grows with a
// request.
inline constexpr std::size_t kShownBytesMax = 80;

// Cuts between characters, never inside one, and shows that it was cut.
std::string shortened(std::string_view text);

// kInvalidField: "timeout is 0; it takes whole seconds from 1 to 3600".
Error invalid_field(std::string_view path, const boost::json::value& value, std::string_view takes);
// kUnknownField: "viewport.depth is not a field; viewport takes width, height". `object` is empty
// for the body.
Error unknown_field(std::string_view object, std::string_view name, std::string_view takes);

}  // namespace pbaas::session
