// Asks the browser for response bodies, one at a time: they come over the pipe on which its health
// is asked too. Owned by a recording; one thread.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "recording/cdp_commands.h"
#include "recording/cdp_message.h"
#include "recording/har_exchange.h"

namespace pbaas::recording {

// More bodies than this do not wait: they are recorded without.
inline constexpr std::size_t kWaitingBodiesMax = 256;
inline constexpr Duration kBodyAnswerWait{5'000};

class BodyFetcher {
 public:
  using OnBody = std::function<void(const std::string& request_id, std::optional<Body> body)>;
  BodyFetcher(CdpCommands& commands, OnBody on_body)
      : commands_(commands), on_body_(std::move(on_body)) {}

  void want(const std::string& session, const std::string& request_id, Instant now);
  // Gives whether it was its own.
  bool answer(const CdpMessage& message, Instant now);
  void detached(const std::string& session, Instant now);
  void tick(Instant now);
  bool is_idle() const { return !asked_ && waiting_.empty(); }

 private:
  struct Wish {
    std::string session;
    std::string request_id;
  };
  void next(Instant now);

  CdpCommands& commands_;
  OnBody on_body_;
  std::deque<Wish> waiting_;
  std::optional<Wish> asked_;
  std::int64_t asked_id_ = 0;
  Instant asked_at_{};
};

}  // namespace pbaas::recording
