#include "store/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "session/record_json.h"
#include "store/spool_record.h"

namespace pbaas::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 4 << 20;
// A file that is delivered is worth replacing from here: less would be a file for each state.
constexpr std::size_t kDoneBytesMin = 64 << 10;
// More than any line, so that a whole one is always in what is read at once.
constexpr std::size_t kSpoolReadBytes = 2 << 20;
constexpr std::size_t kRefusedBytesMax = 16 << 20;
// A disk may fail for a moment.
constexpr int kFailedReadsMax = 5;

Error spool_unavailable(const std::string& what) {
  return {Fault::kStoreUnavailable, "the spool " + what + ": " + std::strerror(errno), "", 1};
}

std::string numbered(std::int64_t number) {
  char text[24];
  std::snprintf(text, sizeof text, "%08lld", static_cast<long long>(number));
  return text;
}

// Only one process at a time holds it; the kernel lets go of it when that process is gone.
std::optional<UniqueFd> try_lock(const std::string& path, int operation) {
  UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.valid() || ::flock(lock.get(), operation) != 0) return std::nullopt;
  return lock;
}

std::vector<std::string> sorted_paths(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) paths.push_back(entry.path());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// A new file's name is safe when its folder is synced.
void sync_spool_folder(const std::string& path) {
  const UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid()) ::fsync(folder.get());
}

// What is there of so many bytes. The error is errno's.
std::error_code read_at(const std::string& path, std::size_t offset, std::size_t bytes,
                        std::string& text) {
  const auto last_error = [] { return std::error_code(errno, std::generic_category()); };
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return last_error();
  text.resize(bytes);
  std::size_t got = 0;
  while (got < bytes) {
    const auto count =
        ::pread(file.get(), text.data() + got, bytes - got, static_cast<off_t>(offset + got));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return last_error();
    if (count == 0) break;
    got += static_cast<std::size_t>(count);
  }
  text.resize(got);
  return {};
}

}  // namespace

Spool::Spool(std::string folder, std::size_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max), epoch_(random_hex_128()) {}

Result<std::unique_ptr<Spool>> Spool::open(const std::string& folder, std::size_t bytes_max) {
  std::error_code error;
  fs::create_directories(folder, error);
  std::unique_ptr<Spool> spool(new Spool(folder, bytes_max));
  if (const auto taken = spool->take_leftovers(); !taken) return taken.error();
  return spool;
}

Status Spool::take_leftovers() {
  // A process that starts at the same time must not take a folder before its owner has locked it.
  const auto all = try_lock(folder_ + "/lock", LOCK_EX);
  if (!all) return spool_unavailable("cannot be made at " + folder_);
  for (const auto& path : sorted_paths(folder_)) {
    std::error_code error;
    if (fs::is_directory(path, error)) take_leftover(path);
  }
  return make_own_folder();
}

void Spool::take_leftover(const std::string& path) {
  const auto name = fs::path(path).filename().string();
  const auto dash = name.find('-');
  if (dash == std::string::npos) return;
  auto lock = try_lock(path + "/lock", LOCK_EX | LOCK_NB);
  if (!lock) return;  // Its process lives.
  Folder folder{path, name.substr(dash + 1), std::move(*lock), {}};
  for (const auto& file : sorted_paths(path)) {
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    if (file.ends_with(".spool") && !error) folder.files.push_back({file, bytes});
  }
  folders_.push_back(std::move(folder));
}

Status Spool::make_own_folder() {
  std::int64_t last = 0;
  for (const auto& path : sorted_paths(folder_))
    last = std::max(last, std::int64_t{std::atoll(fs::path(path).filename().c_str())});
  const std::string path = folder_ + "/" + numbered(last + 1) + "-" + epoch_;
  if (::mkdir(path.c_str(), 0700) != 0) return spool_unavailable("cannot be made at " + path);
  auto lock = try_lock(path + "/lock", LOCK_EX | LOCK_NB);
  if (!lock) return spool_unavailable("cannot be locked at " + path);
  folders_.push_back({path, epoch_, std::move(*lock), {}});
  sync_spool_folder(folder_);
  remove_delivered_files();
  note_bytes();
  return {};
}

Spool::~Spool() {
  (void)sync();
  if (folders_.empty()) return;
  const auto& own = folders_.back();
  if (folders_.size() > 1 || !all_delivered()) return;
  std::error_code ignored;
  fs::remove_all(own.path, ignored);
}

Status Spool::append(const std::vector<WrittenState>& states) {
  std::string text;
  std::vector<std::size_t> sizes;
  for (const auto& state : states) {
    const auto line = to_spool_line(state.key.seq, state.session);
    sizes.push_back(line.size());
    text += line;
  }
  const std::lock_guard lock(mutex_);
  if (const auto room = make_room(text.size()); !room) return room;
  if (const auto wrote = write(text); !wrote) return wrote;
  auto& file = folders_.back().files.back();
  for (std::size_t n = 0; n < states.size(); ++n) {
    places_[states[n].session.id] = {states[n].key.seq, file.path, file.bytes, sizes[n]};
    file.bytes += sizes[n];
  }
  is_unsynced_ = true;
  note_bytes();
  return {};
}

Status Spool::make_room(std::size_t bytes) {
  if (bytes_of_all() - delivered_bytes_ + bytes > bytes_max_)
    return Error{Fault::kStoreUnavailable, "the spool is full; SPOOL_MAX bounds it", "", 1};
  const auto& files = folders_.back().files;
  const bool is_needed =
      !out_.valid() || files.empty() || is_file_done_ || files.back().bytes >= kFileBytesMax;
  return is_needed ? start_file() : Status{};
}

Status Spool::start_file() {
  if (out_.valid() && !is_file_done_) ::fdatasync(out_.get());
  auto& own = folders_.back();
  const auto path = own.path + "/" + numbered(next_file_) + ".spool";
  UniqueFd made(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600));
  if (!made.valid()) return spool_unavailable("cannot make " + path);
  ++next_file_;
  out_ = std::move(made);
  own.files.push_back({path, 0});
  is_file_done_ = false;
  sync_spool_folder(own.path);
  remove_delivered_files();
  return {};
}

Status Spool::write(const std::string& text) {
  std::size_t wrote = 0;
  while (wrote < text.size()) {
    const auto count = ::write(out_.get(), text.data() + wrote, text.size() - wrote);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      auto error = spool_unavailable("cannot be written");
      // What is there of it must not stand before the next line; a reader would pass over it.
      if (::ftruncate(out_.get(), static_cast<off_t>(folders_.back().files.back().bytes)) != 0)
        out_.reset();
      return error;
    }
    wrote += static_cast<std::size_t>(count);
  }
  return {};
}

Status Spool::sync() {
  if (!is_unsynced_ || !out_.valid()) return {};
  // What is delivered already is safe elsewhere.
  if (!empty() && ::fdatasync(out_.get()) != 0) return spool_unavailable("cannot be synced");
  is_unsynced_ = false;
  return {};
}

Result<std::vector<WrittenState>> Spool::next(std::size_t count) {
  for (;;) {
    File file;
    std::string epoch;
    std::size_t from = 0;
    {
      const std::lock_guard lock(mutex_);
      remove_delivered_files();
      const auto& folder = folders_.front();
      if (folder.files.empty()) return std::vector<WrittenState>{};
      file = folder.files.front();
      epoch = folder.epoch;
      from = delivered_bytes_;
    }
    if (from >= file.bytes) return std::vector<WrittenState>{};
    std::string text;
    const auto bytes = std::min(kSpoolReadBytes, file.bytes - from);
    if (const auto error = read_at(file.path, from, bytes, text)) {
      if (pass_over_unreadable(file, error)) continue;
      return Error{Fault::kStoreUnavailable,
                   "the spool cannot read " + file.path + ": " + error.message(), "", 1};
    }
    failed_reads_ = 0;
    const bool is_end = text.size() < kSpoolReadBytes;
    auto states = take(text, is_end, epoch, count);
    // A file that is shorter than it was has nothing more to give.
    if (text.empty()) taken_bytes_ = file.bytes - from;
    if (!states.empty()) return states;
    delivered();
  }
}

bool Spool::pass_over_unreadable(const File& file, const std::error_code& why) {
  // What this process lacks says nothing about the file.
  if (why.value() == EMFILE || why.value() == ENFILE || why.value() == ENOMEM) return false;
  if (why.value() != ENOENT && ++failed_reads_ < kFailedReadsMax) return false;
  failed_reads_ = 0;
  const auto aside = folder_ + "/unreadable-" + random_hex_128();
  std::error_code ignored;
  fs::rename(file.path, aside, ignored);
  log::error("spool_unreadable",
             {{"why", why.message()}, {"bytes", file.bytes}, {"file", boost::json::value(aside)}});
  const std::lock_guard lock(mutex_);
  auto& folder = folders_.front();
  // It may be the one that is written: the next append begins another.
  folder.files.pop_front();
  delivered_bytes_ = 0;
  std::erase_if(places_, [&](const auto& place) { return place.second.path == file.path; });
  note_bytes();
  return true;
}

std::vector<WrittenState> Spool::take(std::string_view text, bool is_end, const std::string& epoch,
                                      std::size_t count) {
  std::vector<WrittenState> states;
  std::string_view rest = text;
  std::size_t passed_over = 0;
  taken_.clear();
  while (states.size() < count && !rest.empty()) {
    auto reading = read_spool_line(rest);
    // The last line of a process that was killed in the middle of it.
    if (reading.bytes == 0 && is_end) reading.bytes = rest.size();
    if (reading.bytes == 0) break;
    rest.remove_prefix(reading.bytes);
    if (!reading.record) {
      passed_over += reading.bytes;
      continue;
    }
    if (epoch == epoch_) taken_.emplace_back(reading.record->session.id, reading.record->seq);
    states.push_back({std::move(reading.record->session), {epoch, reading.record->seq}});
  }
  taken_bytes_ = text.size() - rest.size();
  if (passed_over > 0) log::warn("spool_passed_over", {{"bytes", passed_over}});
  return states;
}

void Spool::delivered() {
  const std::lock_guard lock(mutex_);
  delivered_bytes_ += std::exchange(taken_bytes_, 0);
  for (const auto& [id, seq] : taken_) {
    const auto place = places_.find(id);
    if (place != places_.end() && place->second.seq <= seq) places_.erase(place);
  }
  taken_.clear();
  remove_delivered_files();
  note_bytes();
}

void Spool::remove_delivered_files() {
  std::error_code ignored;
  for (;;) {
    auto& folder = folders_.front();
    const bool is_own = folders_.size() == 1;
    if (folder.files.empty()) {
      if (is_own) return;
      fs::remove_all(folder.path, ignored);
      folders_.pop_front();
      continue;
    }
    const auto& file = folder.files.front();
    if (delivered_bytes_ < file.bytes) return;
    if (is_own && folder.files.size() == 1) {
      // It is being written.
      is_file_done_ = file.bytes >= kDoneBytesMin;
      return;
    }
    fs::remove(file.path, ignored);
    folder.files.pop_front();
    delivered_bytes_ = 0;
  }
}

void Spool::set_aside(const WrittenState& state, const std::string& why) {
  const UniqueFd file(::open((folder_ + "/refused.jsonl").c_str(),
                             O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  struct stat info{};
  if (!file.valid() || ::fstat(file.get(), &info) != 0) return;
  if (static_cast<std::size_t>(info.st_size) > kRefusedBytesMax) return;
  boost::json::object line;
  line["why"] = why;
  line["session"] = session::to_record(state.session);
  const auto text = boost::json::serialize(line) + "\n";
  if (::write(file.get(), text.data(), text.size()) < 0) return;
}

std::size_t Spool::bytes_of_all() const {
  std::size_t sum = 0;
  for (const auto& folder : folders_) {
    for (const auto& file : folder.files) sum += file.bytes;
  }
  return sum;
}

bool Spool::all_delivered() const {
  if (folders_.size() > 1) return false;
  const auto& files = folders_.front().files;
  if (files.empty()) return true;
  return files.size() == 1 && delivered_bytes_ >= files.front().bytes;
}

bool Spool::empty() const {
  const std::lock_guard lock(mutex_);
  return all_delivered();
}

bool Spool::has_leftovers() const {
  const std::lock_guard lock(mutex_);
  return folders_.size() > 1;
}

std::optional<session::Session> Spool::find(const SessionId& id) const {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(id);
  if (place == places_.end()) return std::nullopt;
  const auto& [seq, path, offset, bytes] = place->second;
  std::string line;
  if (read_at(path, offset, bytes, line)) return std::nullopt;
  auto reading = read_spool_line(line);
  if (!reading.record) return std::nullopt;
  return std::move(reading.record->session);
}

}  // namespace pbaas::store
