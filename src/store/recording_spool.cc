#include "store/recording_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/log.h"
#include "base/unique_fd.h"
#include "store/file_digest.h"

namespace pbaas::store {
namespace {

namespace fs = std::filesystem;

// No recording's name begins with a dot.
constexpr std::string_view kManifestSuffix = ".manifest";
constexpr std::string_view kUnreadableSuffix = ".unreadable";

Error failed(const std::string& path) {
  return Error{Fault::kStoreUnavailable, "\"" + path + "\": " + strerror(errno)};
}

bool sync_folder(const std::string& path) {
  const UniqueFd folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return folder.valid() && fsync(folder.get()) == 0;
}

Status make_private_folder(const std::string& path, const std::string& parent) {
  if (mkdir(path.c_str(), 0700) != 0) {
    if (errno == EEXIST) return {};
    return failed(path);
  }
  if (!sync_folder(parent)) return failed(parent);
  return {};
}

bool write_file(const std::string& path, std::string_view text) {
  const UniqueFd file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.valid()) return false;
  const auto written = write(file.get(), text.data(), text.size());
  if (written >= 0 && static_cast<std::size_t>(written) != text.size()) errno = ENOSPC;
  return written == static_cast<ssize_t>(text.size()) && fsync(file.get()) == 0;
}

Status remove_path(const std::string& path) {
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path);
  return {};
}

bool is_manifest(const std::string& name) {
  return name.starts_with('.') && name.ends_with(kManifestSuffix);
}

// What is in the folder, as far as the disk says: a loop over a range would throw where it fails.
std::vector<fs::directory_entry> files_in(const std::string& folder, std::error_code& error) {
  std::vector<fs::directory_entry> files;
  fs::directory_iterator each(folder, error);
  for (; !error && each != fs::end(each); each.increment(error)) files.push_back(*each);
  return files;
}

}  // namespace

std::string RecordingSpool::session_folder(const SessionId& session) const {
  return folder_ + "/" + session.text();
}

std::string RecordingSpool::path(const Recording& recording) const {
  return session_folder(recording.session) + "/" + recording.name;
}

std::string RecordingSpool::manifest_path(const Recording& recording) const {
  return session_folder(recording.session) + "/." + recording.name + std::string(kManifestSuffix);
}

Result<std::vector<Recording>> RecordingSpool::open() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return Error{Fault::kStoreUnavailable, "\"" + folder_ + "\": " + error.message()};
  if (chmod(folder_.c_str(), 0700) != 0) return failed(folder_);
  std::vector<Recording> found;
  fs::directory_iterator each(folder_, error);
  for (; !error && each != fs::end(each); each.increment(error)) {
    if (SessionId::parse(each->path().filename().string()) && each->is_directory(error))
      read_session(each->path().string(), found);
  }
  if (error) return Error{Fault::kStoreUnavailable, "\"" + folder_ + "\": " + error.message()};
  return found;
}

void RecordingSpool::read_session(const std::string& session_folder,
                                  std::vector<Recording>& found) const {
  std::vector<fs::path> manifests;
  bool is_unreadable = false;
  std::error_code error;
  for (const auto& each : files_in(session_folder, error)) {
    const auto name = each.path().filename().string();
    if (is_manifest(name)) manifests.push_back(each.path());
    is_unreadable = is_unreadable || name.ends_with(kUnreadableSuffix);
  }
  // Its process was killed just before it had the first manifest, or just after the last.
  if (!error && manifests.empty() && !is_unreadable) fs::remove_all(session_folder, error);
  for (const auto& manifest : manifests) {
    std::ifstream file(manifest, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto recording = from_manifest(text);
    if (!recording || manifest_path(*recording) != manifest.string()) {
      // Not by any kill of ours: somebody's hand or a broken disk. The file stays, to be looked at.
      log::error("a recording's manifest cannot be read", {{"path", manifest.string()}});
      fs::rename(manifest, manifest.string() + std::string(kUnreadableSuffix), error);
      continue;
    }
    const bool is_stored = recording->state == RecordingState::kStored ||
                           recording->state == RecordingState::kTruncated;
    if (is_stored || recording->removed) (void)remove_file(*recording);
    found.push_back(*recording);
  }
}

Status RecordingSpool::write(const Recording& recording) {
  const auto folder = session_folder(recording.session);
  if (const auto made = make_private_folder(folder, folder_); !made) return made;
  const auto path = manifest_path(recording);
  const auto incoming = path + ".new";
  if (!write_file(incoming, to_manifest(recording))) {
    const auto error = failed(path);
    unlink(incoming.c_str());
    return error;
  }
  if (rename(incoming.c_str(), path.c_str()) != 0 || !sync_folder(folder)) return failed(path);
  return {};
}

Status RecordingSpool::seal(Recording& recording) const {
  const auto file_path = path(recording);
  const UniqueFd file(::open(file_path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.valid() || fsync(file.get()) != 0) return failed(file_path);
  const auto whole = digest_whole_file(file.get());
  if (!whole) return whole.error();
  recording.bytes = whole->bytes;
  recording.sha256 = whole->sha256;
  if (!sync_folder(session_folder(recording.session))) return failed(file_path);
  return {};
}

Status RecordingSpool::remove_file(const Recording& recording) const {
  return remove_path(path(recording));
}

Status RecordingSpool::forget(const Recording& recording) const {
  if (const auto removed = remove_file(recording); !removed) return removed;
  if (const auto removed = remove_path(manifest_path(recording)); !removed) return removed;
  const auto folder = session_folder(recording.session);
  std::error_code error;
  for (const auto& each : files_in(folder, error)) {
    if (is_manifest(each.path().filename().string())) return {};
  }
  // Else there may be what the recorder worked with.
  if (!error) fs::remove_all(folder, error);
  return {};
}

std::uint64_t RecordingSpool::bytes_of(const SessionId& session) const {
  std::uint64_t bytes = 0;
  std::error_code error;
  for (const auto& each : files_in(session_folder(session), error)) {
    const auto size = each.file_size(error);
    if (!error) bytes += size;
  }
  return bytes;
}

std::uint64_t RecordingSpool::bytes_free() const {
  struct statvfs disk{};
  if (statvfs(folder_.c_str(), &disk) != 0) return 0;
  return static_cast<std::uint64_t>(disk.f_bavail) * disk.f_frsize;
}

}  // namespace pbaas::store
