#include "main/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace pbaas {
namespace {

Error unusable(const std::string& path, const std::string& why) {
  return {Fault::kStoreUnavailable, "DATA_DIR is \"" + path + "\": " + why, "DATA_DIR"};
}

}  // namespace

Result<UniqueFd> hold_data_dir(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return unusable(path, "it cannot be made: " + error.message());
  // Browsers run as another user, and a page can be made to read what that user can.
  std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  UniqueFd lock(::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid())
    return unusable(path, std::string("it cannot be written to: ") + std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return unusable(path,
                    "another pbaas uses it; stop that one, or set DATA_DIR to another folder");
  }
  return lock;
}

}  // namespace pbaas
