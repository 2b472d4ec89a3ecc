#include "main/recording_parts.h"

#include <filesystem>

#include "base/log.h"
#include "main/version.h"
#include "net/event.h"
#include "store/object_store_folder.h"
#include "store/object_store_s3.h"

namespace pbaas {
namespace {

constexpr Duration kReadyMax{30'000};
constexpr Duration kReadyAgain{30'000};
// Making a file takes a minute at the most, and half a minute before that for its encoder.
constexpr Duration kFilesMax{95'000};
constexpr Duration kLastUploads{20'000};
constexpr Duration kLastRows{3'000};
constexpr Duration kLook{25};

std::string below(const Config& config, const char* name) {
  return std::filesystem::path(config.data_dir) / name;
}

store::S3Options s3_options(const Config& config) {
  store::S3Options options;
  options.endpoint = config.minio_endpoint;
  options.public_endpoint = config.minio_public_endpoint;
  options.bucket = config.minio_bucket;
  options.region = config.minio_region;
  options.credentials = {config.minio_access_key, config.minio_secret_key};
  options.ca_file = config.minio_ca_file;
  return options;
}

}  // namespace

Result<std::unique_ptr<store::ObjectStore>> open_object_store(const Config& config, net::Loop& loop,
                                                              const Clock& clock, StoreOf whose) {
  using Opened = Result<std::unique_ptr<store::ObjectStore>>;
  if (!config.minio_endpoint.empty()) {
    auto opened = store::S3ObjectStore::make(loop, clock, s3_options(config));
    if (!opened) return opened.error();
    return Opened(std::move(*opened));
  }
  if (whose == StoreOf::kFleet) return Opened(nullptr);
  auto opened = store::FolderObjectStore::open(loop, below(config, "recordings"));
  if (!opened) return opened.error();
  return Opened(std::move(*opened));
}

Result<std::unique_ptr<RecordingParts>> RecordingParts::open(const Config& config, net::Loop& loop,
                                                             const Clock& clock, StoreOf whose) {
  auto objects = open_object_store(config, loop, clock, whose);
  if (!objects) return objects.error();
  if (!*objects) return std::unique_ptr<RecordingParts>();
  auto parts = std::make_unique<RecordingParts>(loop, clock, std::move(*objects));
  store::UploadLimits limits;
  limits.spool_bytes_max = config.recording_spool_max;
  auto queue = store::UploadQueue::open(loop, clock, *parts->objects_,
                                        below(config, "recordings-spool"), limits);
  if (!queue) return queue.error();
  parts->queue_ = std::move(*queue);
  parts->recordings_ =
      std::make_unique<worker::Recordings>(loop, clock, *parts->queue_, std::string(kVersion));
  return parts;
}

RecordingParts::RecordingParts(net::Loop& loop, const Clock& clock,
                               std::unique_ptr<store::ObjectStore> objects)
    : loop_(loop), clock_(clock), objects_(std::move(objects)), tasks_(loop) {}

void RecordingParts::start(store::RecordingLog& log, Metrics& metrics) {
  metrics.before_reading([this, &metrics] { measure(metrics); });
  rows_ = std::make_unique<worker::RecordingRows>(loop_, clock_, *queue_, log, metrics);
  rows_->start();
  recordings_->finish_left_over();
  tasks_.spawn("store_ready", make_ready());
  // Two at once, so that a long one does not keep the others waiting.
  tasks_.spawn("uploads", queue_->run_uploads());
  tasks_.spawn("uploads", queue_->run_uploads());
  tasks_.spawn("upkeep", queue_->run_upkeep());
}

// Uploads do not wait for it: each looks for the bucket itself.
net::Task<void> RecordingParts::make_ready() {
  for (;;) {
    const auto deadline = Deadline::after(clock_, kReadyMax);
    const auto ready = co_await objects_->ready(deadline);
    if (ready) co_return;
    log::warn("object_store_not_ready", {{"why", ready.error().detail}});
    co_await net::sleep_for(kReadyAgain);
  }
}

net::Task<void> RecordingParts::finish() {
  const auto made = Deadline::after(clock_, kFilesMax);
  co_await recordings_->settled(made);
  const auto uploaded = Deadline::after(clock_, kLastUploads);
  while (queue_->is_busy() && !uploaded.passed(clock_)) co_await net::sleep_for(kLook);
  const auto told = Deadline::after(clock_, kLastRows);
  co_await rows_->told(told);
}

void RecordingParts::measure(Metrics& metrics) {
  using State = store::RecordingState;
  const auto counts = queue_->counts();
  for (const auto state :
       {State::kRecording, State::kUploading, State::kStored, State::kTruncated, State::kFailed}) {
    const auto found = counts.find(state);
    metrics.set("pbaas_recordings", {{"state", std::string(to_word(state))}},
                found == counts.end() ? 0 : static_cast<double>(found->second));
  }
  metrics.set("pbaas_recording_spool_bytes", {}, static_cast<double>(queue_->spool_bytes()));
  metrics.set("pbaas_store_away", {{"store", "objects"}}, queue_->is_away() ? 1 : 0);
}

}  // namespace pbaas
