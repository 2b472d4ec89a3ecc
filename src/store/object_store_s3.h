// The ObjectStore of a fleet: a bucket of an S3-compatible store (MinIO, Ceph, AWS). Owned by main;
// called on the loop, which must outlive it. Uploads have threads of their own, so that a slow one
// keeps nobody from looking.
#pragma once

#include <atomic>
#include <memory>

#include "store/blocking_pool.h"
#include "store/blocking_thread.h"
#include "store/object_store.h"
#include "store/s3_client.h"
#include "store/s3_upload.h"

namespace pbaas::store {

class S3ObjectStore final : public ObjectStore {
 public:
  // `clock` must outlive it. Asks nobody yet. Errors: kInvalidField, naming what is wrong.
  static Result<std::unique_ptr<S3ObjectStore>> make(net::Loop& loop, const Clock& clock,
                                                     S3Options options);
  S3ObjectStore(net::Loop& loop, const Clock& clock, S3Options options, S3Address address,
                S3Address public_address);
  ~S3ObjectStore() override;

  net::Task<Status> ready(Deadline deadline) override;
  net::Task<Result<ObjectInfo>> put(PutRequest request, Deadline deadline) override;
  net::Task<Result<std::optional<ObjectInfo>>> head(std::string key, Deadline deadline) override;
  net::Task<Result<std::optional<std::string>>> read(std::string key, std::uint64_t offset,
                                                     std::uint64_t bytes_max,
                                                     Deadline deadline) override;
  net::Task<Status> remove(std::string key, Deadline deadline) override;
  Result<std::optional<std::string>> presign(const std::string& key,
                                             const PresignOptions& options) override;

 private:
  // The rest blocks, on the threads below.
  Status ready_now(Deadline deadline);
  Result<ObjectInfo> put_now(const PutRequest& request, Deadline deadline);
  Result<std::optional<std::string>> read_now(const std::string& key, std::uint64_t offset,
                                              std::uint64_t bytes, Deadline deadline);
  Status remove_now(const std::string& key, Deadline deadline);

  Interrupt interrupt_;
  S3Client client_;
  // Whether the bucket was seen; not any more when the store says that it is gone.
  std::atomic<bool> has_bucket_{false};
  BlockingThread calls_;
  BlockingPool uploaders_;
};

}  // namespace pbaas::store
