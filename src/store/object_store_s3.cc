#include "store/object_store_s3.h"

#include <algorithm>

#include "base/log.h"
#include "store/object_key.h"
#include "store/s3_bucket.h"

namespace pbaas::store {
namespace {

constexpr std::size_t kCallsMax = 256;
constexpr std::size_t kUploadsMax = 64;
constexpr int kUploadersMax = 2;
// No upload of ours takes as long: what is older was left by a process that is gone for good.
constexpr Duration kUploadAgeMax = std::chrono::hours(24);

bool is_file_name(const std::string& name) {
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
}

}  // namespace

Result<std::unique_ptr<S3ObjectStore>> S3ObjectStore::make(net::Loop& loop, const Clock& clock,
                                                           S3Options options) {
  auto address = S3Address::parse(options.endpoint, options.bucket);
  if (!address) return address.error();
  auto public_address = S3Address::parse(
      options.public_endpoint.empty() ? options.endpoint : options.public_endpoint, options.bucket);
  if (!public_address) return public_address.error();
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty())
    return Error{Fault::kInvalidField,
                 "MINIO_ENDPOINT is set, but MINIO_ACCESS_KEY or MINIO_SECRET_KEY is not"};
  return std::make_unique<S3ObjectStore>(loop, clock, std::move(options), std::move(*address),
                                         std::move(*public_address));
}

S3ObjectStore::S3ObjectStore(net::Loop& loop, const Clock& clock, S3Options options,
                             S3Address address, S3Address public_address)
    : client_(std::move(options), std::move(address), std::move(public_address), clock, interrupt_),
      calls_(loop, "s3-calls", kCallsMax),
      uploaders_(loop, "s3-upload", kUploadersMax, kUploadsMax) {}

S3ObjectStore::~S3ObjectStore() {
  // Else the threads' ends would wait for transfers that have minutes left.
  interrupt_.set();
}

net::Task<Status> S3ObjectStore::ready(Deadline deadline) {
  std::function<Status()> work = [this, deadline] { return ready_now(deadline); };
  co_return co_await calls_.run<void>(std::move(work));
}

net::Task<Result<ObjectInfo>> S3ObjectStore::put(PutRequest request, Deadline deadline) {
  std::function<Result<ObjectInfo>()> work = [this, request = std::move(request), deadline] {
    return put_now(request, deadline);
  };
  co_return co_await uploaders_.run<ObjectInfo>(std::move(work));
}

net::Task<Result<std::optional<ObjectInfo>>> S3ObjectStore::head(std::string key,
                                                                 Deadline deadline) {
  if (const auto checked = check_object_key(key); !checked) co_return checked.error();
  std::function<Result<std::optional<ObjectInfo>>()> work = [this, key = std::move(key), deadline] {
    return S3Upload(client_).head(key, deadline);
  };
  co_return co_await calls_.run<std::optional<ObjectInfo>>(std::move(work));
}

net::Task<Result<std::optional<std::string>>> S3ObjectStore::read(std::string key,
                                                                  std::uint64_t offset,
                                                                  std::uint64_t bytes_max,
                                                                  Deadline deadline) {
  if (const auto checked = check_object_key(key); !checked) co_return checked.error();
  std::function<Result<std::optional<std::string>>()> work = [this, key = std::move(key), offset,
                                                              bytes_max, deadline] {
    return read_now(key, offset, std::min(bytes_max, kObjectReadBytesMax), deadline);
  };
  co_return co_await calls_.run<std::optional<std::string>>(std::move(work));
}

net::Task<Status> S3ObjectStore::remove(std::string key, Deadline deadline) {
  if (const auto checked = check_object_key(key); !checked) co_return checked.error();
  std::function<Status()> work = [this, key = std::move(key), deadline] {
    return remove_now(key, deadline);
  };
  co_return co_await calls_.run<void>(std::move(work));
}

Result<std::optional<std::string>> S3ObjectStore::presign(const std::string& key,
                                                          const PresignOptions& options) {
  if (const auto checked = check_object_key(key); !checked) return checked.error();
  if (!is_file_name(options.download_name))
    return Error{Fault::kInternal, "a download's name has characters that no header takes"};
  return std::optional(client_.presign(key, options));
}

Status S3ObjectStore::ready_now(Deadline deadline) {
  if (const auto there = ensure_bucket(client_, deadline); !there) return there;
  has_bucket_ = true;
  const auto aborted =
      S3Upload(client_).abort_uploads_before(client_.now() - kUploadAgeMax, deadline);
  // A key that may only write is enough to record.
  if (!aborted) log::warn("old uploads cannot be looked for", {{"why", aborted.error().detail}});
  return {};
}

Result<ObjectInfo> S3ObjectStore::put_now(const PutRequest& request, Deadline deadline) {
  if (const auto checked = check_object_key(request.key); !checked) return checked.error();
  if (!has_bucket_) {
    if (const auto there = ensure_bucket(client_, deadline); !there) return there.error();
    has_bucket_ = true;
  }
  auto sent = S3Upload(client_).put(request, deadline);
  // Whoever emptied the store took the bucket along: the next try makes it again.
  if (!sent && sent.error().detail.find("NoSuchBucket") != std::string::npos) has_bucket_ = false;
  return sent;
}

Result<std::optional<std::string>> S3ObjectStore::read_now(const std::string& key,
                                                           std::uint64_t offset,
                                                           std::uint64_t bytes, Deadline deadline) {
  if (bytes == 0) return std::optional<std::string>("");
  S3Request asked{.method = "GET", .key = key};
  asked.headers.emplace(
      "range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + bytes - 1));
  const auto answer = client_.send(asked, deadline);
  if (!answer) return answer.error();
  if (!answer->found()) return std::optional<std::string>();
  if (answer->http.status == 416) return std::optional<std::string>("");
  if (answer->http.status != 206)
    return client_.error("GET", "it answered more than was asked for");
  return std::optional(std::move(answer->http.body));
}

Status S3ObjectStore::remove_now(const std::string& key, Deadline deadline) {
  const auto answer = client_.send({.method = "DELETE", .key = key}, deadline);
  if (!answer) return answer.error();
  return {};
}

}  // namespace pbaas::store
