#include "session/end_reason.h"

#include <stdexcept>

namespace pbaas::session {
namespace {

struct Row {
  EndReason reason;
  std::string_view word;
  std::uint16_t close_code;
};

// `disconnected`, `launch_failed` and `abandoned` have no client left to be told; their codes are
// for one that connects at that very moment.
constexpr std::array kRows{
    Row{EndReason::kClientRequest, "client_request", 1000},
    Row{EndReason::kBrowserClosed, "browser_closed", 1000},
    Row{EndReason::kDisconnected, "disconnected", 1000},
    Row{EndReason::kIdleTimeout, "idle_timeout", 4000},
    Row{EndReason::kSessionTimeout, "session_timeout", 4001},
    Row{EndReason::kDrained, "drained", 1001},
    Row{EndReason::kBrowserCrashed, "browser_crashed", 1011},
    Row{EndReason::kOutOfMemory, "out_of_memory", 1011},
    Row{EndReason::kBrowserHung, "browser_hung", 1011},
    Row{EndReason::kWorkerLost, "worker_lost", 1014},
    Row{EndReason::kLaunchFailed, "launch_failed", 1011},
    Row{EndReason::kAbandoned, "abandoned", 1000},
};
static_assert(kRows.size() == kAllEndReasons.size());

const Row& row(EndReason reason) {
  for (const auto& each : kRows) {
    if (each.reason == reason) return each;
  }
  throw std::logic_error("an EndReason without a row in end_reason.cc");
}

}  // namespace

std::string_view to_word(EndReason reason) {
  return row(reason).word;
}

std::optional<EndReason> end_reason_from_word(std::string_view word) {
  for (const auto& each : kRows) {
    if (each.word == word) return each.reason;
  }
  return std::nullopt;
}

std::uint16_t close_code(EndReason reason) {
  return row(reason).close_code;
}

}  // namespace pbaas::session
