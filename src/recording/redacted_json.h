// JSON with its secrets hidden: values of secret keys, and secrets within its strings. Pure; any
// thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "recording/secret_names.h"

namespace pbaas::recording {

// One value, or more with little between: JSON lines, SignalR, socket.io, whose messages begin with
// digits. It stays as it is, to the blank, where there is nothing to hide. Nothing: it is no JSON.
std::optional<std::string> redacted_json(std::string_view text, const SecretNames& names,
                                         int depth = 0);
// Whether it begins so, sound or not.
bool looks_like_json(std::string_view text);

}  // namespace pbaas::recording
