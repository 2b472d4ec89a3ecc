// Percent-encoding, as in URLs and in forms. Pure; any thread.
// https://url.spec.whatwg.org/#percent-encoded-bytes
#pragma once

#include <string>
#include <string_view>

namespace pbaas::recording {

// What is no valid escape stays as it is.
std::string percent_decoded(std::string_view text);
// The same, and "+" is a blank.
std::string form_decoded(std::string_view text);
// All but letters, digits and "-._~" is escaped.
std::string percent_encoded(std::string_view text);

}  // namespace pbaas::recording
