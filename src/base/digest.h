// SHA-256, for telling things apart without keeping them: an API key's owner, an idempotent
// request's body.
#pragma once

#include <string>
#include <string_view>

namespace pbaas {

// 64 lower-case hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
// Whether both are the same, in a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace pbaas
