#include "gateway/remove_recording.h"

#include <utility>

#include "store/object_key.h"

namespace pbaas::gateway {
namespace {

constexpr Duration kRemovalMax{30'000};

}  // namespace

net::Task<Status> remove_object(RecordingStores stores, SessionId session, std::string name) {
  auto key = store::object_key(session, name);
  const auto deadline = Deadline::after(stores.clock, kRemovalMax);
  co_return co_await stores.objects.remove(std::move(key), deadline);
}

// The object first: where the store is away the recording is still there to be removed later. What
// its worker brings to the store after that it removes itself, when the log tells it.
net::Task<Status> remove_recording(RecordingStores stores, store::Recording recording) {
  const auto removed = co_await remove_object(stores, recording.session, recording.name);
  if (!removed) co_return removed;
  const auto now = stores.clock.wall();
  const auto was =
      co_await stores.log.remove_recording(recording.session, recording.name, recording.kind, now);
  if (!was) co_return was.error();
  const bool came_meanwhile = *was && (*was)->state != recording.state;
  if (!came_meanwhile) co_return Status();
  co_return co_await remove_object(stores, recording.session, recording.name);
}

}  // namespace pbaas::gateway
