// The ObjectStore keeps finished recordings: a folder where one machine does it all, an
// S3-compatible store in a fleet. Keys are made by the service alone. Implemented by
// FolderObjectStore and S3ObjectStore, which pass the same tests (object_store_contract.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"

namespace pbaas::store {

// The most that one read gives: a whole object is streamed by reading on at the offset reached.
inline constexpr std::uint64_t kObjectReadBytesMax = 1024 * 1024;
// So long is a presigned URL good.
inline constexpr std::chrono::seconds kPresignedLifetime{300};

struct ObjectInfo {
  std::uint64_t bytes = 0;
  std::string sha256;  // hexadecimal; empty for an object that somebody else put there
  std::string content_type;
};

struct PutRequest {
  std::string key;  // see object_key.h
  std::string
      path;  // a file of this machine, which does not change any more: it may be kept itself
  std::string content_type;
  std::string sha256{};  // what the file must hold; empty: whatever it holds
};

struct PresignOptions {
  std::chrono::seconds lifetime = kPresignedLifetime;
  std::string download_name{};  // where not empty, browsers save the file under it
  std::string content_type{};   // where not empty, answered in place of the stored one
};

// Called on the loop; the work is done on the store's own threads. Errors: kStoreUnavailable for
// what may pass (retried within until the deadline), kInternal for what will not (the file is not
// what it should be, the key is none).
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Makes the bucket or folder where it is missing, and removes what uploads that were cut off
  // left.
  virtual net::Task<Status> ready(Deadline deadline) = 0;
  // Puts the file there, whole or not at all, in place of what was there. Nothing is sent when the
  // same content is there already. A file that is gone is no error where the object has its
  // SHA-256.
  virtual net::Task<Result<ObjectInfo>> put(PutRequest request, Deadline deadline) = 0;
  // Nothing where there is no such object.
  virtual net::Task<Result<std::optional<ObjectInfo>>> head(std::string key, Deadline deadline) = 0;
  // At most `bytes_max` (and kObjectReadBytesMax) from `offset`; empty at the end. Nothing where
  // there is no such object.
  virtual net::Task<Result<std::optional<std::string>>> read(std::string key, std::uint64_t offset,
                                                             std::uint64_t bytes_max,
                                                             Deadline deadline) = 0;
  // It is no error that it is not there.
  virtual net::Task<Status> remove(std::string key, Deadline deadline) = 0;
  // A URL from which anyone may GET exactly this object for a while. Nothing where the store has no
  // URLs: the bytes are then to be read. Asks nobody.
  virtual Result<std::optional<std::string>> presign(const std::string& key,
                                                     const PresignOptions& options) = 0;
};

}  // namespace pbaas::store
