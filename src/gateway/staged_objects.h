// A folder as object store that has URLs where a test wants them, and is away where it wants that.
// For tests alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "store/object_store.h"

namespace pbaas::gateway {

inline constexpr const char* kUrl = "https://store.test/the-object?signature";

class StagedObjects final : public store::ObjectStore {
 public:
  explicit StagedObjects(store::ObjectStore& folder) : folder_(folder) {}
  net::Task<Status> ready(Deadline by) override { return folder_.ready(by); }
  net::Task<Result<store::ObjectInfo>> put(store::PutRequest request, Deadline by) override {
    return folder_.put(std::move(request), by);
  }
  net::Task<Result<std::optional<store::ObjectInfo>>> head(std::string key, Deadline by) override {
    return folder_.head(std::move(key), by);
  }
  net::Task<Result<std::optional<std::string>>> read(std::string key, std::uint64_t offset,
                                                     std::uint64_t bytes, Deadline by) override {
    return folder_.read(std::move(key), offset, bytes, by);
  }
  net::Task<Status> remove(std::string key, Deadline by) override {
    if (is_away) co_return Error{Fault::kStoreUnavailable, "the store is away"};
    if (!keeps.empty() && key.ends_with(keeps)) {
      co_return Error{Fault::kStoreUnavailable, "the store keeps it"};
    }
    const auto removed = co_await folder_.remove(std::move(key), by);
    if (auto once = std::exchange(meanwhile, nullptr)) co_await once();
    co_return removed;
  }
  Result<std::optional<std::string>> presign(const std::string&,
                                             const store::PresignOptions& options) override {
    presigned = options;
    if (!has_urls) return std::optional<std::string>();
    return std::optional<std::string>(kUrl);
  }

  // What somebody else does between the next removal and what follows.
  std::function<net::Task<void>()> meanwhile;
  bool is_away = false;
  std::string keeps;  // whose key ends so is never removed
  bool has_urls = false;
  store::PresignOptions presigned;

 private:
  store::ObjectStore& folder_;
};

}  // namespace pbaas::gateway
