#include "session/session.h"

#include <utility>

namespace pbaas::session {

std::string_view to_word(SessionStatus status) {
  switch (status) {
    case SessionStatus::kQueued:
      return "queued";
    case SessionStatus::kStarting:
      return "starting";
    case SessionStatus::kRunning:
      return "running";
    case SessionStatus::kEnded:
      return "ended";
  }
  return "";
}

std::optional<SessionStatus> status_from_word(std::string_view word) {
  for (const auto status : {SessionStatus::kQueued, SessionStatus::kStarting,
                            SessionStatus::kRunning, SessionStatus::kEnded}) {
    if (to_word(status) == word) return status;
  }
  return std::nullopt;
}

bool has_grown(const ResourceUse& before, const ResourceUse& now) {
  constexpr Duration kCpu{100};
  constexpr std::uint64_t kMemoryBytes = 1 << 20;
  return now.egress_bytes_up != before.egress_bytes_up ||
         now.egress_bytes_down != before.egress_bytes_down ||
         now.cpu.value_or(Duration{0}) >= before.cpu.value_or(Duration{0}) + kCpu ||
         now.peak_memory_bytes.value_or(0) >= before.peak_memory_bytes.value_or(0) + kMemoryBytes;
}

bool Session::start(std::string worker_id, std::string epoch) {
  if (status != SessionStatus::kQueued) return false;
  status = SessionStatus::kStarting;
  worker = std::move(worker_id);
  worker_epoch = std::move(epoch);
  return true;
}

bool Session::run(BrowserAddress address, WallTime now) {
  if (status != SessionStatus::kStarting) return false;
  status = SessionStatus::kRunning;
  browser = std::move(address);
  started_at = now;
  expires_at = now + options.timeout;
  return true;
}

bool Session::end(EndReason reason, WallTime now, std::string detail) {
  if (status == SessionStatus::kEnded) return false;
  status = SessionStatus::kEnded;
  end_reason = reason;
  end_detail = std::move(detail);
  ended_at = now;
  connections = 0;
  return true;
}

std::optional<EndReason> Lifetime::due(Instant now) const {
  if (now >= session_deadline()) return EndReason::kSessionTimeout;
  if (now >= idle_deadline()) return EndReason::kIdleTimeout;
  return std::nullopt;
}

}  // namespace pbaas::session
