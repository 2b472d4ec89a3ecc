#include "store/fleet.h"

namespace pbaas::store {

std::string_view to_word(WorkerState state) {
  switch (state) {
    case WorkerState::kReady:
      return "ready";
    case WorkerState::kDraining:
      return "draining";
  }
  return "";
}

std::optional<WorkerState> worker_state_from_word(std::string_view word) {
  for (const auto state : {WorkerState::kReady, WorkerState::kDraining}) {
    if (word == to_word(state)) return state;
  }
  return std::nullopt;
}

}  // namespace pbaas::store
