// SHA-256, for telling things apart without keeping them: an API key's owner, an idempotent
// request's body; and for proving a secret without saying it.
#pragma once

#include <string>
#include <string_view>

namespace pbaas {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
// HMAC-SHA-256, RFC 2104, the same way.
std::string hmac_sha256_hex(std::string_view key, std::string_view text);
// Whether both are the same, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace pbaas
