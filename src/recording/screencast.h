// Follows the page in front with Chromium's screencast, paces its frames by when they are
// acknowledged, and never lets the last of a movement be missed. Owned by a recording; one thread.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "recording/cdp_commands.h"
#include "recording/har_targets.h"
#include "session/record_options.h"

namespace pbaas::recording {

// Chromium sends so many frames before it waits for an acknowledgement, and drops the rest
// (kMaxScreencastFramesInFlight in page_handler.cc, found by counting).
inline constexpr int kFramesInFlightMax = 3;
// A page that has been still for so long after it was held back is asked for its last state.
inline constexpr Duration kSettleTime{200};

class Screencast {
 public:
  // A frame of the page in front: when it was shown, in Unix seconds, and the JPEG in Base64.
  using OnFrame = std::function<void(double shown, std::string_view base64)>;
  Screencast(CdpCommands& commands, session::VideoOptions options, OnFrame on_frame);

  void attached(const AttachedTarget& target);
  void detached(const std::string& session);
  // Gives whether it was its own.
  bool event(const std::string& session, const std::string& method,
             const boost::json::object& params, Instant now);
  // Starts all pages again where frames may have been lost on their way: each waits to be
  // acknowledged, also of a page that is in front later.
  void refresh();
  // To be called at `next_due`, or oftener.
  void tick(Instant now);
  Instant next_due(Instant otherwise) const;
  const std::string& front() const { return front_; }
  bool has_page() const { return !pages_.empty(); }

 private:
  struct Page {
    bool is_running = false;
    bool is_visible = false;
    int in_flight = 0;
    bool was_held_back = false;  // Chromium may have dropped what came last
    Instant last_frame{};
  };
  struct Ack {
    std::string session;
    std::int64_t frame;
    Instant due;
  };

  void start(const std::string& session, Page& page);
  void stop(const std::string& session, Page& page);
  void bring_to_front(std::string session);
  void visibility(const std::string& session, bool visible);
  void restart(const std::string& session, Page& page);
  void navigated(const std::string& session, const boost::json::object& params);
  void frame(const std::string& session, const boost::json::object& params, Instant now);

  CdpCommands& commands_;
  const session::VideoOptions options_;
  const Duration interval_;
  OnFrame on_frame_;
  std::map<std::string, Page> pages_;
  std::vector<std::string> history_;  // pages by when they were in front, the newest last
  std::string front_;
  std::deque<Ack> acks_;
  Instant last_due_{};
};

}  // namespace pbaas::recording
