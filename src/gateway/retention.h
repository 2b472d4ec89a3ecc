// Retention removes recordings whose time is over, whichever worker brought them to the store.
// There is one in every gateway; which of them is first does not matter. Loop thread only.
#pragma once

#include <chrono>
#include <optional>

#include "gateway/remove_recording.h"

namespace pbaas::gateway {

class Retention {
 public:
  // `lifetime` is how long a recording is kept after it came to its end.
  Retention(RecordingStores stores, std::chrono::seconds lifetime)
      : stores_(stores), lifetime_(lifetime) {}

  // Runs until cancelled.
  net::Task<void> run();
  // Removes what is due now; what cannot be removed is left for the next time.
  net::Task<void> sweep();

 private:
  // Adds to `count`, which lives longer. Errors: kStoreUnavailable, where some were not removed.
  net::Task<Status> remove_all(std::size_t& count);

  RecordingStores stores_;
  std::chrono::seconds lifetime_;
  std::optional<store::Recording> behind_;  // where the next sweep begins
  bool failing_ = false;                    // the last sweep did, and that was said
};

}  // namespace pbaas::gateway
