// Text as a database keeps it: UTF-8 without NUL. What the world writes, such as an error of a
// system or the last words of a program, may be anything. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pbaas::store {

// Each byte that is of no such character becomes U+FFFD.
std::string valid_text(std::string_view text);

}  // namespace pbaas::store
