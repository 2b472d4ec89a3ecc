// The date that a cookie expires at, read as browsers do, whatever form a server gives it.
// Pure; any thread. https://www.rfc-editor.org/rfc/rfc6265#section-5.1.1
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pbaas::recording {

// In Unix seconds. Nothing: it is no date, or one before 1601.
std::optional<std::int64_t> cookie_date(std::string_view text);

}  // namespace pbaas::recording
