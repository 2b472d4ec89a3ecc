// What names an object may have: "{session}/{name}", made by the service alone. Checked all the
// same wherever one comes in, so that a mistake elsewhere cannot become a path. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace pbaas::store {

std::string object_key(const SessionId& session, std::string_view name);

// The name of a recording within its session: 1 to 64 of a-z, 0-9, '.', '_', '-', not beginning
// with a dot, which is left to the stores' own files.
bool is_recording_name(std::string_view name);
// Whether it is what object_key makes: 32 hexadecimal digits, a slash and a recording's name.
bool is_object_key(std::string_view key);
// Errors: kInternal, for only a mistake of ours makes another key.
Status check_object_key(std::string_view key);

}  // namespace pbaas::store
