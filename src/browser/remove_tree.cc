#include "browser/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string_view>

#include "base/ids.h"
#include "base/unique_fd.h"

namespace pbaas::browser {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kWholeTree{60'000};

struct CloseOpenDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using OpenDir = std::unique_ptr<DIR, CloseOpenDir>;

// Gives the owner all rights on a folder. By way of a descriptor, as fchmodat would follow a link.
bool make_accessible(int parent, const char* name) {
  const UniqueFd folder(::openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return false;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get());
  return ::chmod(path.c_str(), 0700) == 0;
}

OpenDir open_dir(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd folder(::openat(parent, name, kFlags));
  if (!folder.valid() && errno == EACCES && make_accessible(parent, name)) {
    folder.reset(::openat(parent, name, kFlags));
  }
  if (!folder.valid()) return nullptr;
  struct stat facts{};
  if (::fstat(folder.get(), &facts) == 0 && (facts.st_mode & 0700) != 0700) {
    ::fchmod(folder.get(), 0700);
  }
  OpenDir dir(::fdopendir(folder.get()));
  if (dir) folder.release();
  return dir;
}

// The next entry apart from "." and "..", or null.
const char* next_name(DIR* dir) {
  while (const dirent* entry = ::readdir(dir)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return entry->d_name;
  }
  return nullptr;
}

enum class Outcome { kDone, kIsFullFolder, kFailed };

Outcome remove_entry(int folder, const char* name) {
  if (::unlinkat(folder, name, 0) == 0 || errno == ENOENT) return Outcome::kDone;
  if (errno != EISDIR && errno != EPERM) return Outcome::kFailed;
  if (::unlinkat(folder, name, AT_REMOVEDIR) == 0) return Outcome::kDone;
  const bool is_full = errno == ENOTEMPTY || errno == EEXIST;
  return is_full ? Outcome::kIsFullFolder : Outcome::kFailed;
}

// Removes what is in one folder. Folders below it that are not empty are moved to its top first and
// emptied there, so that depth costs neither stack nor descriptors.
class Emptying {
 public:
  Emptying(OpenDir top, Steady::time_point end) : top_(std::move(top)), end_(end) {}

  Removal run() {
    for (;;) {
      moved_on_ = false;
      bool is_empty = true;
      ::rewinddir(top_.get());
      while (const char* name = next_name(top_.get())) {
        is_empty = false;
        if (is_over()) return Removal::kUnfinished;
        remove_from_top(name);
      }
      if (is_empty) return Removal::kGone;
      if (!moved_on_) return Removal::kStuck;
    }
  }

 private:
  bool is_over() const { return Steady::now() >= end_; }

  void remove_from_top(const char* name) {
    const int top = ::dirfd(top_.get());
    switch (remove_entry(top, name)) {
      case Outcome::kDone:
        moved_on_ = true;
        return;
      case Outcome::kFailed:
        return;
      case Outcome::kIsFullFolder:
        break;
    }
    const OpenDir below = open_dir(top, name);
    if (!below) return;
    empty_below(below.get());
    if (::unlinkat(top, name, AT_REMOVEDIR) == 0) moved_on_ = true;
  }

  void empty_below(DIR* below) {
    const int folder = ::dirfd(below);
    while (const char* name = next_name(below)) {
      if (is_over()) return;
      switch (remove_entry(folder, name)) {
        case Outcome::kDone:
          moved_on_ = true;
          break;
        case Outcome::kFailed:
          break;
        case Outcome::kIsFullFolder:
          if (move_to_top(folder, name)) moved_on_ = true;
          break;
      }
    }
  }

  bool move_to_top(int from, const char* name) {
    if (rename_to_top(from, name)) return true;
    // A folder that changes its parent must be writable itself.
    return errno == EACCES && make_accessible(from, name) && rename_to_top(from, name);
  }

  bool rename_to_top(int from, const char* name) {
    const std::string fresh = prefix_ + std::to_string(++last_moved_);
    return ::renameat(from, name, ::dirfd(top_.get()), fresh.c_str()) == 0;
  }

  OpenDir top_;
  Steady::time_point end_;
  // Names that a tenant cannot have guessed are free.
  std::string prefix_ = random_hex_128() + "-";
  std::uint64_t last_moved_ = 0;
  bool moved_on_ = false;
};

}  // namespace

Removal remove_some(const std::string& path, std::chrono::milliseconds limit) {
  const auto end = Steady::now() + limit;
  if (OpenDir top = open_dir(AT_FDCWD, path.c_str())) {
    const Removal emptied = Emptying(std::move(top), end).run();
    if (emptied != Removal::kGone) return emptied;
  }
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT ? Removal::kGone : Removal::kStuck;
}

bool remove_tree(const std::string& path) {
  return remove_some(path, kWholeTree) == Removal::kGone;
}

}  // namespace pbaas::browser
