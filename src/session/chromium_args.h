// The Chromium flags a client may ask for in `args`. Everything else is refused: what is listed
// changes how pages look and behave, and nothing listed reaches the sandbox, the debug endpoint,
// files, the network's route, extensions, the profile or V8's and Mojo's test doors. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pbaas::session {

struct ChromiumFlag {
  std::string_view name;   // such as "--window-position"
  std::string_view takes;  // what follows "=", for people; empty: nothing may
  bool (*accepts)(std::string_view value);
};

const std::vector<ChromiumFlag>& allowed_flags();

inline constexpr std::size_t kArgBytesMax = 512;

// Whether `arg`, such as "--window-position=0,0", is allowed. The error is the sentence after "it
// takes".
boost::system::result<void, std::string> check_arg(std::string_view arg);

}  // namespace pbaas::session
