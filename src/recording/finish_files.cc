#include "recording/finish_files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/unique_fd.h"
#include "recording/spool_file.h"
#include "recording/webm_finish.h"

namespace pbaas::recording {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartStart = "video.";
constexpr std::string_view kPartEnd = ".part.webm";
// A file appears under its name when it is whole: what is left of a kill is whole or is made anew.
constexpr std::string_view kIncomingEnd = ".incoming";

std::string path_of(const std::string& folder, RecordingKind kind) {
  return folder + "/" + std::string(file_name(kind));
}

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

Status move(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) return Error{Fault::kInternal, "cannot rename " + from + ": " + error.message()};
  return {};
}

std::vector<std::string> video_parts(const std::string& folder) {
  std::vector<std::string> parts;
  std::error_code none;
  // A loop over a range would throw where the disk fails.
  for (fs::directory_iterator each(folder, none); !none && each != fs::end(each);
       each.increment(none)) {
    const auto name = each->path().filename().string();
    if (name.starts_with(kPartStart) && name.ends_with(kPartEnd)) parts.push_back(each->path());
  }
  std::sort(parts.begin(), parts.end());  // At most five, so names of one digit.
  return parts;
}

// Nobody would look for what it was to be made of.
RecordingFile failed(const std::string& folder, RecordingKind kind, const std::string& why,
                     const Error& error) {
  remove_working_files(folder, kind);
  return {kind, RecordingState::kFailed, why.empty() ? error.detail : why};
}

RecordingFile made(RecordingKind kind, std::string path, std::string why, std::uint64_t bytes) {
  const auto state = why.empty() ? RecordingState::kComplete : RecordingState::kTruncated;
  return {kind, state, std::move(why), std::move(path), bytes};
}

constexpr std::chrono::seconds kWritersMax{30};
constexpr std::chrono::milliseconds kWritersLook{50};

// Without room for a file beside what it is made of, a small one is made in memory, and takes the
// place of that; of what is larger a bit less than the first half is kept, and the other makes
// room.
constexpr std::uint64_t kInMemoryBytesMax = 16u << 20;
constexpr double kKeptShare = 0.45;
constexpr std::string_view kNoRoom = "the disk was full, and half of it made room for the other";

std::string describe(int error) {
  return std::strerror(error);
}

bool is_full_disk(const Error& error) {
  return error.detail.ends_with(describe(ENOSPC));
}

// Keeps the first `bytes` of all of them together.
void cut(const std::vector<std::string>& paths, std::uint64_t bytes) {
  std::error_code none;
  for (const auto& path : paths) {
    const auto size = fs::file_size(path, none);
    if (none) continue;
    fs::resize_file(path, std::min(size, bytes), none);
    bytes -= std::min(size, bytes);
  }
}

// A lease to read is given only where nobody has the file open to write. Where there are no leases,
// nobody has.
bool is_being_written(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  const bool is_free = ::fcntl(file.get(), F_SETLEASE, F_RDLCK) == 0;
  return !is_free && errno == EAGAIN;
}

// An encoder outlives its service by as long as it takes to finish its file.
void wait_for_writers(const std::vector<std::string>& paths) {
  const auto until = std::chrono::steady_clock::now() + kWritersMax;
  while (std::any_of(paths.begin(), paths.end(), is_being_written) &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::sleep_for(kWritersLook);
}

std::uint64_t bytes_of(const std::vector<std::string>& paths) {
  std::uint64_t bytes = 0;
  for (const auto& path : paths) {
    std::error_code none;
    const auto size = fs::file_size(path, none);
    if (!none) bytes += size;
  }
  return bytes;
}

// Writes what is in the open file to a new one.
Status copy_to(int from, const std::string& path) {
  const UniqueFd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!to.valid()) return Error{Fault::kInternal, "cannot write: " + describe(errno)};
  std::string piece(64 * 1024, '\0');
  for (off_t at = 0;;) {
    const auto got = ::pread(from, piece.data(), piece.size(), at);
    if (got <= 0) return {};
    const auto why = write_all(to.get(), {piece.data(), static_cast<std::size_t>(got)});
    if (!why.empty()) return Error{Fault::kInternal, "cannot write: " + why};
    at += got;
  }
}

template <typename Make>
auto make_in_memory(const Make& make, const std::vector<std::string>& parts,
                    const std::string& incoming) -> decltype(make(incoming)) {
  const UniqueFd memory(::memfd_create("recording", MFD_CLOEXEC));
  auto made = make("/proc/self/fd/" + std::to_string(memory.get()));
  if (!made) return made;
  for (const auto& part : parts) remove(part);
  if (const auto copied = copy_to(memory.get(), incoming); !copied) return copied.error();
  return made;
}

// Makes the file of what it is made of, and of less where the disk has no room.
template <typename Make>
auto make_as_room_allows(const Make& make, const std::vector<std::string>& parts,
                         const std::string& incoming, std::string& why) {
  auto made = make(incoming);
  if (made || !is_full_disk(made.error())) return made;
  remove(incoming);
  const auto bytes = bytes_of(parts);
  if (bytes <= kInMemoryBytesMax) return make_in_memory(make, parts, incoming);
  cut(parts, static_cast<std::uint64_t>(kKeptShare * static_cast<double>(bytes)));
  if (why.empty()) why = kNoRoom;
  return make(incoming);
}

}  // namespace

std::string har_spool_path(const std::string& folder) {
  return folder + "/network.har.spool";
}

RecordingFile finish_har(const std::string& folder, const HarOrigin& origin, std::string why) {
  const auto path = path_of(folder, RecordingKind::kHar);
  const auto incoming = path + std::string(kIncomingEnd);
  const auto spool = har_spool_path(folder);
  const auto assemble = [&](const std::string& to) {
    auto with_comment = origin;
    if (!why.empty()) with_comment.comment = "truncated: " + why;
    return assemble_har(spool, to, with_comment);
  };
  const auto summary = make_as_room_allows(assemble, {spool}, incoming, why);
  if (!summary) return failed(folder, RecordingKind::kHar, why, summary.error());
  if (const auto moved = move(incoming, path); !moved)
    return failed(folder, RecordingKind::kHar, why, moved.error());
  remove(spool);
  return made(RecordingKind::kHar, path, std::move(why), summary->bytes);
}

RecordingFile finish_video(const std::string& folder, std::uint64_t end_ms, std::string why) {
  const auto path = path_of(folder, RecordingKind::kVideo);
  const auto incoming = path + std::string(kIncomingEnd);
  const auto parts = video_parts(folder);
  const auto assemble = [&](const std::string& to) { return finish_webm(parts, to, end_ms); };
  const auto summary = make_as_room_allows(assemble, parts, incoming, why);
  if (!summary) return failed(folder, RecordingKind::kVideo, why, summary.error());
  if (const auto moved = move(incoming, path); !moved)
    return failed(folder, RecordingKind::kVideo, why, moved.error());
  for (const auto& part : parts) remove(part);
  auto file = made(RecordingKind::kVideo, path, std::move(why), summary->bytes);
  file.duration = Duration(static_cast<std::int64_t>(summary->duration_ms));
  return file;
}

void remove_working_files(const std::string& folder, RecordingKind kind) {
  remove(path_of(folder, kind) + std::string(kIncomingEnd));
  if (kind == RecordingKind::kHar) return remove(har_spool_path(folder));
  for (const auto& part : video_parts(folder)) remove(part);
}

RecordingFile finish_left_over(const std::string& folder, RecordingKind kind,
                               const HarOrigin& origin, const std::string& why) {
  if (kind == RecordingKind::kVideo) wait_for_writers(video_parts(folder));
  const auto path = path_of(folder, kind);
  std::error_code none;
  const auto bytes = fs::file_size(path, none);
  if (!none) {
    remove_working_files(folder, kind);
    return made(kind, path, why, bytes);
  }
  return kind == RecordingKind::kHar ? finish_har(folder, origin, why)
                                     : finish_video(folder, 0, why);
}

}  // namespace pbaas::recording
