// The syntax of language tags and time zone names, which end up in launch flags and the environment
// of a browser. Pure.
#pragma once

#include <string_view>

namespace pbaas::session {

// A language of 2 to 8 letters, then subtags of 1 to 8 letters and digits, as in BCP 47
// (https://www.rfc-editor.org/rfc/rfc5646#section-2.1), at most 35 bytes. Whether the tag is
// registered is not asked.
bool is_language_tag(std::string_view text);

// Such as "Europe/Paris", "UTC" or "Etc/GMT+5", at most 64 bytes: safe to look up below a folder.
// https://data.iana.org/time-zones/theory.html#naming
bool is_timezone_name(std::string_view text);

}  // namespace pbaas::session
