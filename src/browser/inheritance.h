// What the launcher process gets from the program by its fork, and must not keep: open files,
// secrets in the environment, and that others of its user may look into its memory. Called in the
// launcher process alone, at its start.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace pbaas::browser {

// Closes every descriptor from 3 on but these two, which end at 3 or above. It needs no free
// number, so the limit of open files does not matter. Errors: kLaunchFailed, naming the step.
Status keep_only(UniqueFd& one, UniqueFd& other);

// Overwrites the environment, which /proc shows, and shuts this process to ptrace and /proc of its
// own user, whom browsers may run as.
void forget_secrets();

}  // namespace pbaas::browser
