// What Chromium's own sandbox needs of the kernel, done once in its place.
#pragma once

namespace pbaas::browser {

// In a process of its own, which it spoils for anything else: a user namespace with its maps, as
// Chromium makes one for its zygote, the zygote's chroot in it, and a renderer's seccomp filter.
// False where a step fails, which it names on stderr.
bool try_chromium_sandbox();

}  // namespace pbaas::browser
