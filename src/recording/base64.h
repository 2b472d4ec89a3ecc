// Base64 as CDP writes it (RFC 4648, with padding). Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace pbaas::recording {

// Nothing where it is not Base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace pbaas::recording
