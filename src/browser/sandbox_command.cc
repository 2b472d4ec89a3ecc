#include "browser/sandbox_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <utility>

#include "browser/session_init.h"

namespace pbaas::browser {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

// Chromium writes what it must not lose to its home; here are its sockets and a page's downloads
// under way.
constexpr std::int64_t kTemporaryMb = 64;
// Device nodes and folders to mount on take no room.
constexpr std::int64_t kDevicesKb = 64;

// The program and its libraries. Links on a machine whose system is all in /usr.
constexpr const char* kSystemFolders[] = {"/usr",   "/bin",   "/sbin",  "/lib",
                                          "/lib32", "/lib64", "/libx32"};
// What Chromium reads and what tells nothing of this machine's owner. /etc/chromium has policies.
constexpr const char* kReadOnly[] = {"/etc/ld.so.cache",        "/etc/fonts",
                                     "/var/cache/fontconfig",   "/etc/ssl/certs",
                                     "/etc/ca-certificates",    "/etc/alternatives",
                                     "/etc/mime.types",         "/etc/chromium/policies",
                                     "/etc/opt/chrome/policies"};
constexpr const char* kDevices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random",
                                    "/dev/urandom"};
constexpr std::pair<const char*, const char*> kStandIns[] = {
    {"passwd", "browser:x:1000:1000::/tmp:/usr/sbin/nologin\n"},
    {"group", "browser:x:1000:\n"},
    {"hosts", "127.0.0.1 localhost\n::1 localhost\n"},
    {"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
};

void add(Words& words, std::initializer_list<std::string> more) {
  words.insert(words.end(), more);
}

void add_room(Words& words, const std::string& path, std::int64_t kilobytes) {
  add(words, {"--size", std::to_string(kilobytes * 1024), "--tmpfs", path});
}

void add_namespaces(Words& words) {
  add(words, {"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts",
              "--unshare-cgroup-try", "--die-with-parent", "--as-pid-1"});
  // The init makes a network of its own and then drops the capability.
  add(words,
      {"--uid", "1000", "--gid", "1000", "--hostname", "browser", "--cap-add", "CAP_NET_ADMIN"});
}

void add_system(Words& words) {
  for (const std::string folder : kSystemFolders) {
    std::error_code none;
    if (fs::is_symlink(folder, none)) {
      add(words, {"--symlink", fs::read_symlink(folder, none).string(), folder});
    } else if (fs::is_directory(folder, none)) {
      add(words, {"--ro-bind", folder, folder});
    }
  }
  for (const char* path : kReadOnly) add(words, {"--ro-bind-try", path, path});
}

// A link stays one: Chromium takes the time zone's name from where it points to, and compares a
// file with all there are, for 50 ms.
void add_time_zone(Words& words) {
  const std::string path = "/etc/localtime";
  std::error_code none;
  const std::string zone = fs::weakly_canonical(path, none).string();
  if (zone.starts_with("/usr/")) {
    add(words, {"--symlink", zone, path});
  } else {
    add(words, {"--ro-bind-try", path, path});
  }
}

// A browser outside of /usr is seen with the folder that it is in, as its libraries are there.
void add_program(Words& words, const std::string& program) {
  std::error_code none;
  const fs::path real = fs::weakly_canonical(program, none);
  for (const fs::path& path : {fs::path(program), real}) {
    const std::string folder = path.parent_path().string();
    if (folder.empty() || folder == "/" || folder.starts_with("/usr/")) continue;
    add(words, {"--ro-bind-try", folder, folder});
  }
}

void add_devices(Words& words, const SandboxSpec& spec) {
  add_room(words, "/dev", kDevicesKb);
  for (const char* device : kDevices) add(words, {"--dev-bind", device, device});
  add_room(words, "/dev/shm", spec.shared_mb * 1024);
  // Only now: a mount point below it had to be made.
  add(words, {"--symlink", "/proc/self/fd", "/dev/fd"});
}

}  // namespace

Words sandbox_command(const SandboxSpec& spec, const std::string& program) {
  Words words{spec.bwrap};
  add_namespaces(words);
  add_system(words);
  add_time_zone(words);
  for (const auto& [name, text] : kStandIns) {
    add(words, {"--ro-bind", spec.files + "/" + name, std::string("/etc/") + name});
  }
  add(words, {"--proc", "/proc"});
  add_devices(words, spec);
  add_room(words, "/tmp", kTemporaryMb * 1024);
  add_program(words, program);
  // Last, as it may be below any of the above.
  add_room(words, spec.folder, spec.disk_mb * 1024);
  add(words, {"--dir", spec.folder + "/tmp", "--chdir", spec.folder});
  add(words, {"--remount-ro", "/dev", "--remount-ro", "/"});
  add(words, {"--", "/proc/self/fd/" + std::to_string(kInitProgramFd), spec.folder});
  return words;
}

Status write_stand_ins(const std::string& folder) {
  for (const auto& [name, text] : kStandIns) {
    const std::string path = folder + "/" + name;
    std::ofstream file(path);
    file << text;
    file.close();
    // Whatever the umask says: browsers may run as another user.
    if (!file || ::chmod(path.c_str(), 0644) != 0) {
      return Error{Fault::kLaunchFailed, "cannot write " + path};
    }
  }
  return {};
}

std::string find_bwrap() {
  for (const std::string path : {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"}) {
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return {};
}

}  // namespace pbaas::browser
