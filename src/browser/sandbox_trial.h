// Whether this machine lets browsers have their namespaces, found out by making them.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "browser/profile.h"
#include "browser/sandbox_command.h"

namespace pbaas::browser {

// Runs bwrap and the init as for a browser, and in place of Chromium tries what its own sandbox
// needs. `spec.folder` is made, and removed again. Blocks, for 10 s at most; forks, so call it
// before any thread starts. Errors: kLaunchFailed, naming what to change.
Status try_sandbox(const SandboxSpec& spec, const std::optional<Account>& user);

// What the kernel says of itself; the reasons for a refusal.
struct KernelFacts {
  bool userns_clone_off = false;     // kernel.unprivileged_userns_clone=0, of Debian's kernels
  bool user_namespaces_off = false;  // user.max_user_namespaces=0
  bool apparmor_restricts = false;   // kernel.apparmor_restrict_unprivileged_userns=1, of Ubuntu's
  bool has_seccomp = false;          // a filter on this process, as in a container
};
KernelFacts read_kernel_facts();

// What to change, from what bwrap said.
std::string cure_for(const std::string& words, const KernelFacts& facts);

}  // namespace pbaas::browser
