// A HarChain is one CDP request with its redirects: they share an id, and the headers that went
// over the wire come in events of their own, one a hop, in any order ("no guarantee which fires
// first"). It pairs them. Plain; owned by the HarBuilder.
#pragma once

#include <boost/json/object.hpp>
#include <deque>
#include <vector>

#include "base/clock.h"
#include "recording/har_exchange.h"

namespace pbaas::recording {

struct HarHop {
  Exchange exchange;
  bool has_extra = false;  // its headers on the wire come in other events
  bool body_pending =
      false;  // asked of the browser, not answered yet; of what was found, all of it
};

class HarChain {
 public:
  std::vector<HarHop> hops;       // not yet written
  Instant touched{};              // when something last happened
  std::size_t bytes = 0;          // that it takes, about
  std::size_t message_bytes = 0;  // of them

  void add_sent(boost::json::object event) { sent_.push_back(std::move(event)); }
  void add_received(boost::json::object event) { received_.push_back(std::move(event)); }
  HarHop* last() { return hops.empty() ? nullptr : &hops.back(); }
  // Takes the next hop that is complete; with `force` the next that has ended, complete or not.
  std::optional<Exchange> take_complete(bool force);
  bool is_over() const { return hops.empty() && has_ended_; }

 private:
  bool pair(HarHop& hop, bool force);

  std::deque<boost::json::object> sent_;
  std::deque<boost::json::object> received_;
  bool has_ended_ = false;
};

}  // namespace pbaas::recording
