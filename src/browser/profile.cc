#include "browser/profile.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace pbaas::browser {
namespace {

constexpr std::string_view kPrefix = "pbaas-";
// Chromium's profiles are about six levels deep; each level costs a descriptor here.
constexpr int kDepthMax = 128;

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

void empty_folder(int folder, int depth) {
  for (const auto& name : names_in(folder)) {
    if (::unlinkat(folder, name.c_str(), 0) == 0) continue;
    if (errno != EISDIR && errno != EPERM) continue;
    const UniqueFd below(depth < kDepthMax ? open_folder(folder, name.c_str()) : -1);
    if (below.valid()) empty_folder(below.get(), depth + 1);
    ::unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
}

Error cannot(const std::string& what, const std::string& path) {
  return {Fault::kLaunchFailed, "cannot " + what + " " + path + ": " + std::strerror(errno) +
                                    "; set RUN_DIR to a writable folder, best on tmpfs"};
}

// Exactly what make_instance_folder calls its folders: others' may begin like them.
bool is_instance_name(std::string_view name) {
  constexpr std::size_t kSuffix = 8;
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + kSuffix) return false;
  return name.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

bool is_stale(int run_dir, const std::string& name) {
  const UniqueFd folder(open_folder(run_dir, name.c_str()));
  struct stat facts{};
  if (!folder.valid() || ::fstat(folder.get(), &facts) != 0) return false;
  // The run directory may be one that everybody writes to.
  if (facts.st_uid != ::geteuid()) return false;
  const UniqueFd lock(::openat(folder.get(), "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC));
  if (!lock.valid()) return errno == ENOENT;
  return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
}

}  // namespace

Result<InstanceFolder> make_instance_folder(const std::string& run_dir) {
  if (::mkdir(run_dir.c_str(), 0755) != 0 && errno != EEXIST) return cannot("make", run_dir);
  const std::string suffix = random_hex_128().substr(0, 8);
  // It gets its real name once its lock is held, so that nobody takes it for a stale one before.
  const std::string making = run_dir + "/.new-" + std::string(kPrefix) + suffix;
  const std::string path = run_dir + "/" + std::string(kPrefix) + suffix;
  if (::mkdir(making.c_str(), 0711) != 0) return cannot("make a folder in", run_dir);
  ::chmod(making.c_str(), 0711);  // Whatever the umask says: browsers pass through it.
  UniqueFd lock(::open((making + "/lock").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return cannot("lock a file in", making);
  }
  if (::rename(making.c_str(), path.c_str()) != 0) return cannot("make", path);
  return InstanceFolder{path, std::move(lock)};
}

int remove_stale_instances(const std::string& run_dir) {
  const UniqueFd folder(::open(run_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return 0;
  int removed = 0;
  for (const auto& name : names_in(folder.get())) {
    if (!is_instance_name(name) || !is_stale(folder.get(), name)) continue;
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

bool remove_tree(const std::string& path) {
  const UniqueFd folder(open_folder(AT_FDCWD, path.c_str()));
  if (folder.valid()) empty_folder(folder.get(), 0);
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

}  // namespace pbaas::browser
