#include "store/folder_files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "store/file_digest.h"

namespace pbaas::store {
namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;
constexpr const char* kSha256Note = "user.pbaas.sha256";
constexpr const char* kTypeNote = "user.pbaas.content_type";

std::string note(int fd, const char* name) {
  std::array<char, 256> value{};
  const auto size = fgetxattr(fd, name, value.data(), value.size());
  return size <= 0 ? std::string() : std::string(value.data(), static_cast<std::size_t>(size));
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

// What cannot be whole would but fill the disk, with each try.
Status check_room(int from, int to) {
  struct stat file{};
  struct statvfs disk{};
  if (fstat(from, &file) != 0 || fstatvfs(to, &disk) != 0)
    return Error{Fault::kStoreUnavailable, strerror(errno)};
  const auto free = static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
  if (static_cast<std::uint64_t>(file.st_size) <= free) return {};
  return Error{Fault::kStoreUnavailable, "a file of " + std::to_string(file.st_size) +
                                             " bytes has no room on a disk with " +
                                             std::to_string(free) + " bytes left"};
}

}  // namespace

bool wants_copy() {
  return errno == EXDEV || errno == EPERM || errno == ENOTSUP || errno == EMLINK;
}

UniqueFd open_beneath(int root, const std::string& path, int flags) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? 0600 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    // EAGAIN: something was renamed on the way; the kernel wants the caller to look again.
    const long fd = syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN && errno != EINTR) return UniqueFd();
  }
}

bool make_folder(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), 0700) != 0) return errno == EEXIST;
  return fsync(parent) == 0;
}

Result<ObjectInfo> copy_file(int from, int to) {
  if (const auto room = check_room(from, to); !room) return room.error();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> sha256(EVP_MD_CTX_new(),
                                                                       &EVP_MD_CTX_free);
  EVP_DigestInit_ex(sha256.get(), EVP_sha256(), nullptr);
  std::string buffer(kCopyBytes, '\0');
  ObjectInfo info;
  for (;;) {
    const auto got = pread(from, buffer.data(), buffer.size(), static_cast<off_t>(info.bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return Error{Fault::kStoreUnavailable,
                   std::string("a recording cannot be read: ") + strerror(errno)};
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    EVP_DigestUpdate(sha256.get(), buffer.data(), size);
    if (!write_all(to, std::string_view(buffer).substr(0, size)))
      return Error{Fault::kStoreUnavailable, strerror(errno)};
    info.bytes += size;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int digest_bytes = 0;
  EVP_DigestFinal_ex(sha256.get(), digest.data(), &digest_bytes);
  info.sha256 = to_hex({reinterpret_cast<const char*>(digest.data()), digest_bytes});
  return info;
}

void note_info(int fd, const ObjectInfo& info) {
  (void)fsetxattr(fd, kSha256Note, info.sha256.data(), info.sha256.size(), 0);
  (void)fsetxattr(fd, kTypeNote, info.content_type.data(), info.content_type.size(), 0);
}

Result<ObjectInfo> info_of(int fd) {
  struct stat found{};
  if (fstat(fd, &found) != 0) return Error{Fault::kStoreUnavailable, strerror(errno)};
  ObjectInfo info{static_cast<std::uint64_t>(found.st_size), note(fd, kSha256Note),
                  note(fd, kTypeNote)};
  if (info.content_type.empty()) info.content_type = "application/octet-stream";
  if (!info.sha256.empty()) return info;
  const auto whole = digest_whole_file(fd);
  if (!whole) return whole.error();
  info.sha256 = whole->sha256;
  return info;
}

}  // namespace pbaas::store
