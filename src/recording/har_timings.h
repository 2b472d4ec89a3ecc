// The timings of a HAR's entry, in milliseconds, out of CDP's ResourceTiming. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>

#include "recording/har_exchange.h"

namespace pbaas::recording {

// They add up to `time`, in which `ssl` is part of `connect`; -1 is what does not apply.
struct HarTimings {
  double blocked = -1;
  double dns = -1;
  double connect = -1;
  double ssl = -1;
  double send = 0;
  double wait = 0;
  double receive = 0;
  double time = 0;
};

HarTimings timings_of(const Exchange& exchange);
boost::json::object to_json(const HarTimings& timings);

}  // namespace pbaas::recording
