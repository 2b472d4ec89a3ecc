#include "store/object_store_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/ids.h"
#include "store/file_digest.h"
#include "store/folder_files.h"
#include "store/object_key.h"

namespace pbaas::store {
namespace {

constexpr std::size_t kFolderJobsMax = 256;
// What is on its way in; no object's name begins with a dot.
constexpr std::string_view kIncoming = ".incoming-";

struct Key {
  std::string session;
  std::string name;
};

Key split(const std::string& key) {
  const auto slash = key.find('/');
  return {key.substr(0, slash), key.substr(slash + 1)};
}

std::optional<std::string> read_at(int fd, std::uint64_t offset, std::uint64_t bytes) {
  std::string content(bytes, '\0');
  std::size_t have = 0;
  while (have < content.size()) {
    const auto got =
        pread(fd, content.data() + have, content.size() - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  content.resize(have);
  return content;
}

}  // namespace

Result<std::unique_ptr<FolderObjectStore>> FolderObjectStore::open(net::Loop& loop,
                                                                   std::string folder) {
  const auto unusable = [&folder](const std::string& why) {
    return Error{Fault::kStoreUnavailable,
                 "recordings cannot be kept in \"" + folder + "\": " + why};
  };
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return unusable(error.message());
  UniqueFd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return unusable(strerror(errno));
  // Browsers run as another user, and a page can be made to read what that user can.
  if (fchmod(root.get(), 0700) != 0) return unusable(strerror(errno));
  return std::make_unique<FolderObjectStore>(loop, std::move(folder), std::move(root));
}

FolderObjectStore::FolderObjectStore(net::Loop& loop, std::string folder, UniqueFd root)
    : folder_(std::move(folder)),
      root_(std::move(root)),
      calls_(loop, "folder-calls", kFolderJobsMax),
      writer_(loop, "folder-writer", kFolderJobsMax) {}

net::Task<Status> FolderObjectStore::ready(Deadline) {
  std::function<Status()> work = [this] { return remove_incoming(); };
  co_return co_await writer_.run<void>(std::move(work));
}

net::Task<Result<ObjectInfo>> FolderObjectStore::put(PutRequest request, Deadline) {
  std::function<Result<ObjectInfo>()> work = [this, request = std::move(request)] {
    return put_now(request);
  };
  co_return co_await writer_.run<ObjectInfo>(std::move(work));
}

net::Task<Result<std::optional<ObjectInfo>>> FolderObjectStore::head(std::string key, Deadline) {
  std::function<Result<std::optional<ObjectInfo>>()> work = [this, key = std::move(key)] {
    return head_now(key);
  };
  co_return co_await calls_.run<std::optional<ObjectInfo>>(std::move(work));
}

net::Task<Result<std::optional<std::string>>> FolderObjectStore::read(std::string key,
                                                                      std::uint64_t offset,
                                                                      std::uint64_t bytes_max,
                                                                      Deadline) {
  std::function<Result<std::optional<std::string>>()> work = [this, key = std::move(key), offset,
                                                              bytes_max] {
    return read_now(key, offset, std::min(bytes_max, kObjectReadBytesMax));
  };
  co_return co_await calls_.run<std::optional<std::string>>(std::move(work));
}

net::Task<Status> FolderObjectStore::remove(std::string key, Deadline) {
  std::function<Status()> work = [this, key = std::move(key)] { return remove_now(key); };
  co_return co_await calls_.run<void>(std::move(work));
}

Result<std::optional<std::string>> FolderObjectStore::presign(const std::string& key,
                                                              const PresignOptions&) {
  if (const auto checked = check_object_key(key); !checked) return checked.error();
  return std::optional<std::string>();
}

Status FolderObjectStore::remove_incoming() const {
  std::error_code error;
  std::filesystem::recursive_directory_iterator each(folder_, error);
  for (; !error && each != std::filesystem::end(each); each.increment(error)) {
    const auto name = each->path().filename().string();
    if (!name.starts_with(kIncoming)) continue;
    std::error_code ignored;
    std::filesystem::remove(each->path(), ignored);
  }
  if (error)
    return Error{Fault::kStoreUnavailable,
                 "recordings in \"" + folder_ + "\" cannot be listed: " + error.message()};
  return {};
}

Result<UniqueFd> FolderObjectStore::open_session(const std::string& session) const {
  if (!make_folder(root_.get(), session)) return failed("a folder");
  auto folder = open_beneath(root_.get(), session, O_RDONLY | O_DIRECTORY);
  if (!folder.valid()) return failed("a folder");
  return folder;
}

Result<ObjectInfo> FolderObjectStore::put_now(const PutRequest& request) const {
  if (const auto checked = check_object_key(request.key); !checked) return checked.error();
  const UniqueFd from(::open(request.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!from.valid()) return stored_before(request, cannot_open());
  const auto key = split(request.key);
  const auto folder = open_session(key.session);
  if (!folder) return folder.error();
  const Place to{folder->get(), std::string(kIncoming) + random_hex_128(), key.name};
  const bool is_linked =
      linkat(AT_FDCWD, request.path.c_str(), to.folder, to.incoming.c_str(), 0) == 0;
  if (!is_linked && !wants_copy()) return failed("a file");
  auto put = is_linked ? take(request, to) : copy(request, from.get(), to);
  // After a rename it is still there where the object was a link to the same file before.
  unlinkat(to.folder, to.incoming.c_str(), 0);
  return put;
}

// The recording's file itself, which nobody writes to any more: a full disk has no room for two.
Result<ObjectInfo> FolderObjectStore::take(const PutRequest& request, const Place& to) const {
  const auto file = open_beneath(to.folder, to.incoming, O_RDONLY);
  if (!file.valid() || fchmod(file.get(), 0600) != 0) return failed("a file");
  const auto whole = digest_whole_file(file.get());
  if (!whole) return whole.error();
  return show(request, file.get(), {whole->bytes, whole->sha256, request.content_type}, to);
}

Result<ObjectInfo> FolderObjectStore::copy(const PutRequest& request, int from,
                                           const Place& to) const {
  const auto file = open_beneath(to.folder, to.incoming, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.valid()) return failed("a file");
  auto copied = copy_file(from, file.get());
  if (!copied) return copied.error();
  copied->content_type = request.content_type;
  return show(request, file.get(), *copied, to);
}

// What is on its way in becomes the object, if it is what it should be.
Result<ObjectInfo> FolderObjectStore::show(const PutRequest& request, int file, ObjectInfo info,
                                           const Place& to) const {
  if (!request.sha256.empty() && info.sha256 != request.sha256)
    return Error{Fault::kInternal,
                 "a recording's file is not what was recorded: its SHA-256 differs"};
  note_info(file, info);
  const bool is_there = fsync(file) == 0 &&
                        renameat(to.folder, to.incoming.c_str(), to.folder, to.name.c_str()) == 0 &&
                        fsync(to.folder) == 0;
  if (!is_there) return failed("a file");
  return info;
}

// A process that ended before it could note so may have stored what has no file any more.
Result<ObjectInfo> FolderObjectStore::stored_before(const PutRequest& request,
                                                    const Error& missing) const {
  const auto object = head_now(request.key);
  if (!object) return object.error();
  if (!*object || (*object)->sha256 != request.sha256) return missing;
  return **object;
}

UniqueFd FolderObjectStore::open_object(const std::string& key) const {
  return open_beneath(root_.get(), key, O_RDONLY);
}

Result<std::optional<ObjectInfo>> FolderObjectStore::head_now(const std::string& key) const {
  if (const auto checked = check_object_key(key); !checked) return checked.error();
  const auto object = open_object(key);
  if (!object.valid() && errno == ENOENT) return std::optional<ObjectInfo>();
  if (!object.valid()) return failed("a look at a file");
  const auto info = info_of(object.get());
  if (!info) return info.error();
  return std::optional(*info);
}

Result<std::optional<std::string>> FolderObjectStore::read_now(const std::string& key,
                                                               std::uint64_t offset,
                                                               std::uint64_t bytes) const {
  if (const auto checked = check_object_key(key); !checked) return checked.error();
  const auto object = open_object(key);
  if (!object.valid() && errno == ENOENT) return std::optional<std::string>();
  if (!object.valid()) return failed("a look at a file");
  auto content = read_at(object.get(), offset, bytes);
  if (!content) return failed("a read");
  return content;
}

Status FolderObjectStore::remove_now(const std::string& key) const {
  if (const auto checked = check_object_key(key); !checked) return checked.error();
  const auto names = split(key);
  const auto folder = open_beneath(root_.get(), names.session, O_RDONLY | O_DIRECTORY);
  if (!folder.valid() && errno == ENOENT) return {};
  if (!folder.valid()) return failed("a removal");
  if (unlinkat(folder.get(), names.name.c_str(), 0) != 0 && errno != ENOENT)
    return failed("a removal");
  if (fsync(folder.get()) != 0) return failed("a removal");
  // Goes with its last recording; that others are still in it is no error.
  unlinkat(root_.get(), names.session.c_str(), AT_REMOVEDIR);
  return {};
}

Error FolderObjectStore::failed(const std::string& did) const {
  return Error{Fault::kStoreUnavailable,
               "recordings in \"" + folder_ + "\": " + did + " failed: " + std::strerror(errno)};
}

}  // namespace pbaas::store
