#include "browser/session_init/trial.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace pbaas::browser {
namespace {

bool name_step(const char* step) {
  std::fprintf(stderr, "Chromium's own sandbox: %s: %s\n", step, std::strerror(errno));
  return false;
}

bool write_file(const char* path, const std::string& text) {
  const UniqueFd file(::open(path, O_WRONLY | O_CLOEXEC));
  return file.valid() &&
         ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string same_number(unsigned number) {
  return std::to_string(number) + " " + std::to_string(number) + " 1";
}

bool map_users(uid_t user, gid_t group) {
  return write_file("/proc/self/setgroups", "deny") &&
         write_file("/proc/self/gid_map", same_number(group)) &&
         write_file("/proc/self/uid_map", same_number(user));
}

// To a folder that is empty for whoever is not this process, and that nobody can write to.
bool leave_files() {
  return ::chroot("/proc/self/fdinfo/") == 0 && ::chdir("/") == 0;
}

bool filter_calls() {
  sock_filter allow_all = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  const sock_fprog program{1, &allow_all};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0;
}

}  // namespace

bool try_chromium_sandbox() {
  const uid_t user = ::getuid();
  const gid_t group = ::getgid();
  // As after an exec. The maps would be root's to write.
  ::prctl(PR_SET_DUMPABLE, 1);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET) != 0)
    return name_step("namespaces (unshare)");
  if (!map_users(user, group)) return name_step("users of a namespace (uid_map)");
  if (!leave_files()) return name_step("a root of its own (chroot)");
  return filter_calls() || name_step("a filter of system calls (seccomp)");
}

}  // namespace pbaas::browser
