// Finds the Chromium programs of this machine. Debian's /usr/bin/chromium* are shell scripts, one
// of which does not exec: killing it leaves the browser alive. So only real programs are taken.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "session/options.h"

namespace pbaas::browser {

// Whether it is an executable file in the ELF format. Errors: kLaunchFailed, saying what it is
// instead and what to do.
Status check_program(const std::string& path);

// Where a browser of this kind is usually installed, best first; `search_path` is like $PATH.
std::vector<std::string> usual_places(session::BrowserKind kind, const std::string& search_path);

// The first of `usual_places` that check_program takes; empty: none.
std::string find_program(session::BrowserKind kind, const std::string& search_path);

// What `program --version` prints, such as "Chromium 156.0.8078.79". Takes 20 ms or more and
// blocks, for at most 10 s: for the start of the program. Errors: kLaunchFailed, with what it
// wrote.
Result<std::string> version_of(const std::string& program);

}  // namespace pbaas::browser
