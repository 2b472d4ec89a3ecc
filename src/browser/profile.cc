#include "browser/profile.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "browser/remove_tree.h"

namespace pbaas::browser {
namespace {

constexpr std::string_view kPrefix = "pbaas-";
// What a folder is called until its lock is held.
constexpr std::string_view kMakingPrefix = ".new-";
// Far longer than it takes to lock a file.
constexpr std::time_t kMakingMax_s = 60;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

int open_folder(int parent, const char* name) {
  return ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

std::vector<std::string> names_in(int folder) {
  std::vector<std::string> names;
  const Dir dir(::fdopendir(::fcntl(folder, F_DUPFD_CLOEXEC, 0)));
  if (!dir) return names;
  ::rewinddir(dir.get());
  while (const dirent* entry = ::readdir(dir.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

Error cannot(const std::string& what, const std::string& path) {
  return {Fault::kLaunchFailed, "cannot " + what + " " + path + ": " + std::strerror(errno) +
                                    "; set RUN_DIR to a writable folder, best on tmpfs"};
}

// One that was never finished, and will not be any more.
bool is_abandoned(const struct stat& facts) {
  return std::time(nullptr) - facts.st_mtime > kMakingMax_s;
}

bool is_stale(int run_dir, const std::string& name, bool is_making) {
  const UniqueFd folder(open_folder(run_dir, name.c_str()));
  struct stat facts{};
  if (!folder.valid() || ::fstat(folder.get(), &facts) != 0) return false;
  // The run directory may be one that everybody writes to.
  if (facts.st_uid != ::geteuid()) return false;
  if (is_making && !is_abandoned(facts)) return false;
  const UniqueFd lock(::openat(folder.get(), "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!lock.valid()) return errno == ENOENT;
  return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

Result<InstanceFolder> lock_and_rename(const std::string& making, const std::string& path) {
  ::chmod(making.c_str(), 0711);  // Whatever the umask says: browsers pass through it.
  UniqueFd lock(::open((making + "/lock").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return cannot("lock a file in", making);
  }
  if (::rename(making.c_str(), path.c_str()) != 0) return cannot("make", path);
  return InstanceFolder{path, std::move(lock)};
}

}  // namespace

bool is_instance_name(std::string_view name) {
  constexpr std::size_t kSuffix = 8;
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kSuffix) return false;
  return name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

Result<std::optional<Account>> browser_account(const std::string& user) {
  if (::geteuid() != 0) return std::optional<Account>();
  for (const std::string& name : {user, std::string("nobody")}) {
    const passwd* found = name.empty() ? nullptr : ::getpwnam(name.c_str());
    if (found && found->pw_uid != 0) {
      return std::optional(Account{found->pw_uid, found->pw_gid, name});
    }
  }
  return Error{Fault::kLaunchFailed, "browsers do not run as root, and there is neither the user " +
                                         user + " nor nobody; set BROWSER_USER"};
}

Result<InstanceFolder> make_instance_folder(const std::string& run_dir) {
  if (::mkdir(run_dir.c_str(), 0755) != 0 && errno != EEXIST) return cannot("make", run_dir);
  const std::string name = std::string(kPrefix) + random_hex_128().substr(0, 8);
  // It gets its real name once its lock is held, so that nobody takes it for a stale one before.
  const std::string making = run_dir + "/" + std::string(kMakingPrefix) + name;
  if (::mkdir(making.c_str(), 0711) != 0) return cannot("make a folder in", run_dir);
  auto made = lock_and_rename(making, run_dir + "/" + name);
  if (!made) remove_tree(making);
  return made;
}

int remove_stale_instances(const std::string& run_dir) {
  const UniqueFd folder(::open(run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return 0;
  int removed = 0;
  for (const auto& name : names_in(folder.get())) {
    const bool is_making = name.starts_with(kMakingPrefix);
    const std::string_view final_name =
        std::string_view(name).substr(is_making ? kMakingPrefix.size() : 0);
    if (!is_instance_name(final_name) || !is_stale(folder.get(), name, is_making)) continue;
    if (remove_tree(run_dir + "/" + name)) ++removed;
  }
  return removed;
}

int make_browser_folder(const std::string& path, const std::optional<Account>& owner) {
  for (const auto& each : {path, path + "/tmp"}) {
    if (::mkdir(each.c_str(), 0700) != 0) return errno;
    if (owner && ::chown(each.c_str(), owner->uid, owner->gid) != 0) return errno;
  }
  return 0;
}

}  // namespace pbaas::browser
