#include "recording/finish_files.h"

#include <algorithm>
#include <filesystem>

#include "recording/webm_finish.h"

namespace pbaas::recording {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPartStart = "video.";
constexpr std::string_view kPartEnd = ".part.webm";

std::string path_of(const std::string& folder, RecordingKind kind) {
  return folder + "/" + std::string(file_name(kind));
}

void remove(const std::string& path) {
  std::error_code ignored;
  fs::remove(path, ignored);
}

std::vector<std::string> video_parts(const std::string& folder) {
  std::vector<std::string> parts;
  std::error_code none;
  for (const auto& each : fs::directory_iterator(folder, none)) {
    const auto name = each.path().filename().string();
    if (name.starts_with(kPartStart) && name.ends_with(kPartEnd)) parts.push_back(each.path());
  }
  std::sort(parts.begin(), parts.end());  // At most five, so names of one digit.
  return parts;
}

RecordingFile failed(RecordingKind kind, const std::string& path, const std::string& why,
                     const Error& error) {
  remove(path);
  return {kind, RecordingState::kFailed, why.empty() ? error.detail : why};
}

RecordingFile made(RecordingKind kind, std::string path, std::string why, std::uint64_t bytes) {
  const auto state = why.empty() ? RecordingState::kComplete : RecordingState::kTruncated;
  return {kind, state, std::move(why), std::move(path), bytes};
}

}  // namespace

std::string har_spool_path(const std::string& folder) {
  return folder + "/network.har.spool";
}

RecordingFile finish_har(const std::string& folder, const HarOrigin& origin, std::string why) {
  const auto path = path_of(folder, RecordingKind::kHar);
  auto with_comment = origin;
  if (!why.empty()) with_comment.comment = "truncated: " + why;
  const auto summary = assemble_har(har_spool_path(folder), path, with_comment);
  if (!summary) return failed(RecordingKind::kHar, path, why, summary.error());
  remove(har_spool_path(folder));
  return made(RecordingKind::kHar, path, std::move(why), summary->bytes);
}

RecordingFile finish_video(const std::string& folder, std::uint64_t end_ms, std::string why) {
  const auto path = path_of(folder, RecordingKind::kVideo);
  const auto parts = video_parts(folder);
  const auto summary = finish_webm(parts, path, end_ms);
  if (!summary) return failed(RecordingKind::kVideo, path, why, summary.error());
  for (const auto& part : parts) remove(part);
  auto file = made(RecordingKind::kVideo, path, std::move(why), summary->bytes);
  file.duration = Duration(static_cast<std::int64_t>(summary->duration_ms));
  return file;
}

std::vector<RecordingFile> finish_left_over(const std::string& folder, const HarOrigin& origin) {
  constexpr const char* kWhy = "the service was killed";
  std::vector<RecordingFile> files;
  if (fs::exists(har_spool_path(folder))) files.push_back(finish_har(folder, origin, kWhy));
  if (!video_parts(folder).empty()) files.push_back(finish_video(folder, 0, kWhy));
  return files;
}

}  // namespace pbaas::recording
