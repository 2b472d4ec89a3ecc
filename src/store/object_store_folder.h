// The ObjectStore of one machine: a folder. An object appears whole, by a rename, or not at all,
// and is on disk when its put is done. Where both are on one disk it is the file that was put,
// under a second name. Keys are resolved by the kernel beneath the folder, through
// no link. Owned by main; called on the loop, which must outlive it.
#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "store/blocking_thread.h"
#include "store/object_store.h"

namespace pbaas::store {

class FolderObjectStore final : public ObjectStore {
 public:
  // Makes the folder where it is missing. Errors: kStoreUnavailable, naming the folder.
  static Result<std::unique_ptr<FolderObjectStore>> open(net::Loop& loop, std::string folder);
  FolderObjectStore(net::Loop& loop, std::string folder, UniqueFd root);

  net::Task<Status> ready(Deadline deadline) override;
  net::Task<Result<ObjectInfo>> put(PutRequest request, Deadline deadline) override;
  net::Task<Result<std::optional<ObjectInfo>>> head(std::string key, Deadline deadline) override;
  net::Task<Result<std::optional<std::string>>> read(std::string key, std::uint64_t offset,
                                                     std::uint64_t bytes_max,
                                                     Deadline deadline) override;
  net::Task<Status> remove(std::string key, Deadline deadline) override;
  // Never a URL.
  Result<std::optional<std::string>> presign(const std::string& key,
                                             const PresignOptions& options) override;

 private:
  // The rest blocks, on the threads below.
  Status remove_incoming() const;
  Result<ObjectInfo> put_now(const PutRequest& request) const;
  struct Place {
    int folder;
    std::string incoming;  // its name until it is whole
    std::string name;
  };
  Result<ObjectInfo> take(const PutRequest& request, const Place& to) const;
  Result<ObjectInfo> copy(const PutRequest& request, int from, const Place& to) const;
  Result<ObjectInfo> show(const PutRequest& request, int file, ObjectInfo info,
                          const Place& to) const;
  Result<ObjectInfo> stored_before(const PutRequest& request, const Error& missing) const;
  Result<std::optional<ObjectInfo>> head_now(const std::string& key) const;
  Result<std::optional<std::string>> read_now(const std::string& key, std::uint64_t offset,
                                              std::uint64_t bytes) const;
  Status remove_now(const std::string& key) const;
  // Not valid where there is no such object (errno is ENOENT) or it is out of reach.
  UniqueFd open_object(const std::string& key) const;
  Result<UniqueFd> open_session(const std::string& session) const;
  Error failed(const std::string& did) const;

  const std::string folder_;
  const UniqueFd root_;
  BlockingThread calls_;
  BlockingThread writer_;
};

}  // namespace pbaas::store
