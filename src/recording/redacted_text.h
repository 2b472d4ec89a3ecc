// Text with its secrets hidden, whatever it is: a URL, parameters, JSON, or words with "name=value"
// or "name: value" among them; and the same inside of its values, percent-encoded or not. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "recording/secret_names.h"

namespace pbaas::recording {

inline constexpr std::string_view kRedacted = "[redacted]";

// `depth` counts how often text was inside of text; below the limit nothing is shown that might be
// more than a word.
std::string redacted_text(std::string_view text, const SecretNames& names, int depth = 0);
// The user or password before "@", parameters in the path, after "?" and after "#".
std::string redacted_url(std::string_view url, const SecretNames& names, int depth = 0);
// name=value, set apart by "&": after a secret name all is hidden until there.
std::string redacted_pairs(std::string_view pairs, const SecretNames& names, int depth = 0);

}  // namespace pbaas::recording
