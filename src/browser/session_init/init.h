// The first process inside a browser's namespaces. It makes a network there, and waits for its
// order (init_order.h). From then on it owns Chromium: when it ends, the kernel ends everything
// inside, and it ends with Chromium, or when the program's end of the control socket is gone. One
// thread.
#pragma once

#include <string>

#include "browser/session_init.h"

namespace pbaas::browser {

// `folder` is the browser's home, whose room is watched. Gives the exit status: Chromium's, 128 and
// the signal that killed it, or 125 for a failure of the init's own, which it has then written to
// stderr.
int run_init(const std::string& folder);

}  // namespace pbaas::browser
