// Why a session ended: one closed list, the same word in REST, in the WebSocket's close reason, in
// the log and in metrics.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace pbaas::session {

enum class EndReason {
  kClientRequest,
  kBrowserClosed,
  kDisconnected,
  kIdleTimeout,
  kSessionTimeout,
  kDrained,
  kBrowserCrashed,
  kOutOfMemory,
  kBrowserHung,
  kWorkerLost,
  kLaunchFailed,
  kAbandoned,
};

inline constexpr std::array kAllEndReasons{
    EndReason::kClientRequest,  EndReason::kBrowserClosed,  EndReason::kDisconnected,
    EndReason::kIdleTimeout,    EndReason::kSessionTimeout, EndReason::kDrained,
    EndReason::kBrowserCrashed, EndReason::kOutOfMemory,    EndReason::kBrowserHung,
    EndReason::kWorkerLost,     EndReason::kLaunchFailed,   EndReason::kAbandoned};

std::string_view to_word(EndReason reason);
std::optional<EndReason> end_reason_from_word(std::string_view word);
// The WebSocket close code a client of the session is sent, RFC 6455 §7.4 and the private range of
// docs/api.md.
std::uint16_t close_code(EndReason reason);

}  // namespace pbaas::session
