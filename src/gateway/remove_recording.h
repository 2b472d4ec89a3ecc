// The one way in which a gateway removes a recording, asked by a client or by its time. Loop only.
#pragma once

#include "base/clock.h"
#include "net/task.h"
#include "store/object_store.h"
#include "store/recording_log.h"

namespace pbaas::gateway {

struct RecordingStores {
  const Clock& clock;
  store::RecordingLog& log;
  store::ObjectStore& objects;
};

// Removes it from store and log. Errors: kStoreUnavailable; what is left is removed by a next try.
net::Task<Status> remove_recording(RecordingStores stores, store::Recording recording);
// What the log knows as removed, and the store may have all the same. Errors: the same.
net::Task<Status> remove_object(RecordingStores stores, SessionId session, std::string name);

}  // namespace pbaas::gateway
