#include "browser/init_program.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

// Of newer kernels (6.3); without it some hand out files that cannot be executed.
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

extern "C" {
extern const char pbaas_session_init_begin[];
extern const char pbaas_session_init_end[];
}

// The build writes where the init is.
__asm__(
    ".section .rodata\n"
    ".balign 16\n"
    ".global pbaas_session_init_begin\n"
    "pbaas_session_init_begin:\n"
    ".incbin \"" PBAAS_SESSION_INIT
    "\"\n"
    ".global pbaas_session_init_end\n"
    "pbaas_session_init_end:\n"
    ".byte 0\n"
    ".text\n");

namespace pbaas::browser {
namespace {

Error failed(const char* step) {
  return {Fault::kLaunchFailed, std::string("the init of browsers cannot be kept in memory: ") +
                                    step + ": " + std::strerror(errno) +
                                    "; set sysctl vm.memfd_noexec=0, or ISOLATION=none knowingly"};
}

int make_file() {
  const int made = ::memfd_create("session-init", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
  if (made >= 0 || errno != EINVAL) return made;
  return ::memfd_create("session-init", MFD_CLOEXEC | MFD_ALLOW_SEALING);
}

}  // namespace

Result<UniqueFd> make_init_program() {
  UniqueFd file(make_file());
  if (!file.valid()) return failed("memfd_create");
  const char* next = pbaas_session_init_begin;
  while (next < pbaas_session_init_end) {
    const auto left = static_cast<std::size_t>(pbaas_session_init_end - next);
    const ssize_t written = ::write(file.get(), next, left);
    if (written <= 0) return failed("write");
    next += written;
  }
  constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(file.get(), F_ADD_SEALS, kSeals) != 0) return failed("seal");
  return file;
}

}  // namespace pbaas::browser
