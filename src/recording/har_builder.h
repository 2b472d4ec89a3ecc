// Makes HAR entries and pages of CDP events as they come. It keeps only what is under way; each
// entry goes to the sink when it starts, and again when it is done. Pure: no I/O, no clock of its
// own. Owned by a recording; one thread.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>

#include "base/clock.h"
#include "recording/har_chain.h"
#include "recording/har_messages.h"
#include "recording/har_pages.h"
#include "recording/har_targets.h"
#include "recording/heard_lately.h"

namespace pbaas::recording {

// More requests under way than this are written as they are, the oldest first.
inline constexpr std::size_t kOpenRequestsMax = 4000;
// So are they where they take more than this: a page may hold back a quarter of a megabyte with
// each.
inline constexpr std::size_t kOpenBytesMax = 64u << 20;
// What the messages of open connections may take of that; more are dropped.
inline constexpr std::size_t kOpenMessageBytesMax = 32u << 20;
// What a request takes that is found in a frame, besides its URL.
inline constexpr std::size_t kFoundOverheadBytes = 1024;
// How long an entry waits for its headers on the wire, and for its body.
inline constexpr Duration kExtraInfoWait{2'000};
inline constexpr Duration kBodyWait{10'000};
// The bodies of one recording.
inline constexpr std::size_t kBodyBytesTotalMax = 64u << 20;

class HarSink {
 public:
  virtual ~HarSink() = default;
  virtual void page(const boost::json::object& page) = 0;
  // The entry of exchange `number`, which is under way or done; the later one counts. `at_us` is
  // when it started, in Unix microseconds.
  virtual void entry(std::uint64_t number, std::int64_t at_us,
                     const boost::json::object& entry) = 0;
  // Asks for a body, to be answered with `body_arrived`.
  virtual void want_body(const std::string& session, const std::string& request_id) = 0;
};

class HarBuilder {
 public:
  // `wall` in Unix seconds is the time of day at `now`. It is used where an entry ends before CDP
  // tells the time of day.
  HarBuilder(session::HarOptions options, HarSink& sink, double wall, Instant now);

  void attached(const AttachedTarget& target) { targets_.attached(target); }
  void detached(const std::string& session);
  void event(const std::string& session, const std::string& method, boost::json::object params,
             Instant now);
  // Nothing: the browser has it no more.
  void body_arrived(const std::string& request_id, std::optional<Body> body, Instant now);
  // The frames of a target with all that is in them (CDP's FrameResourceTree), asked for when it
  // was attached: what it requested before that.
  void found(const std::string& session, const boost::json::object& tree, Instant now);
  // To be called a few times a second.
  void tick(Instant now);
  // Whatever is under way is incomplete.
  void finish();
  std::size_t open() const { return chains_.size(); }
  std::size_t open_bytes() const { return open_bytes_; }

 private:
  using Params = boost::json::object;
  struct Event {
    const std::string& session;
    Params& params;
    Instant now;
  };
  using OnEvent = void (HarBuilder::*)(Event& event);
  static const std::map<std::string, OnEvent>& events();

  void will_be_sent(Event& event);
  void redirect(HarChain& chain, Event& event);
  void start(HarChain& chain, Event& event);
  void sent_extra(Event& event);
  void received_extra(Event& event);
  void response_received(Event& event);
  void data_received(Event& event);
  void served_from_cache(Event& event);
  void loading_finished(Event& event);
  void loading_failed(Event& event);
  void socket_created(Event& event);
  void socket_handshake_sent(Event& event);
  void socket_handshake_answered(Event& event);
  void socket_sent(Event& event);
  void socket_received(Event& event);
  void socket_error(Event& event);
  void socket_closed(Event& event);
  void server_event(Event& event);
  void download(Event& event);
  void frame_navigated(Event& event);
  void commit(const std::string& session, const Params& frame);
  void found_document(const std::string& session, const Params& frame, Instant now);
  void found_resource(const std::string& session, const Params& frame, const Params& resource,
                      Instant now);
  Exchange& add_found(Event& event, const std::string& url, const std::string& mime_type);
  void heard(const std::string& id, const std::string& target, const std::string& url);
  bool is_told(const Exchange& exchange) const;
  void content_loaded(Event& event);
  void loaded(Event& event);

  using Chains = std::map<std::string, HarChain>;
  void note_time(const Event& event);
  HarHop* current(Event& event);
  HarHop& push(HarChain& chain, Event& event, const std::string& url);
  HarHop& add_hop(HarChain& chain, Event& event, const std::string& url);
  void add_page(Exchange& exchange, Event& event);
  bool wants_body(const Exchange& exchange) const;
  bool is_recordable(const std::string& url) const;
  void write(const Exchange& exchange);
  void settle(const std::string& id, bool force);
  void make_room();
  void hold(HarChain& chain, std::size_t bytes);
  MessageLimits message_limits() const;
  void hold_message(HarChain& chain, std::size_t bytes);
  void add_message(Event& event, Direction direction);
  // Ends what is under way of it.
  void give_up(Chains::iterator chain);
  void erase(Chains::iterator chain);

  const session::HarOptions options_;
  HarSink& sink_;
  const double wall_at_zero_;  // of the monotonic clock, Unix seconds
  const Redactor redactor_;
  HarTargets targets_;
  HarPages pages_;
  HeardLately heard_;
  Chains chains_;
  std::map<std::string, std::string> downloads_;  // id by URL of documents lately requested
  std::uint64_t last_number_ = 0;
  double wall_offset_ = 0;
  double latest_ = 0;
  std::size_t body_bytes_ = 0;
  std::size_t open_bytes_ = 0;
  std::size_t message_bytes_ = 0;  // of it
};

}  // namespace pbaas::recording
