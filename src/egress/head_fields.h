// The lines of a message's head, read in place: its first line and its fields. What they mean is
// the caller's. Pure.
#pragma once

#include <string_view>

namespace pbaas::egress {

// Takes the next line off the front, without CR LF or, where a server of old wrote it so, LF.
std::string_view take_line(std::string_view& rest);

struct HeadField {
  std::string_view name;
  std::string_view value;  // without blanks around it
};

// An empty name where the line has no colon.
HeadField field_of(std::string_view line);

// Whether a list such as "close, Upgrade" has the word, in any case of letters.
bool lists_word(std::string_view list, std::string_view word);

}  // namespace pbaas::egress
