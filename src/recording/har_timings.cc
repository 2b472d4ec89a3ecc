#include "recording/har_timings.h"

#include <algorithm>
#include <cmath>

namespace pbaas::recording {
namespace {

namespace json = boost::json;

double milliseconds(double seconds) {
  return std::max(0.0, seconds * 1000);
}

// The time between two marks of ResourceTiming; -1 where it did not happen.
double between(const json::object& timing, std::string_view start, std::string_view end) {
  const double from = number_of(timing, start, -1);
  const double to = number_of(timing, end, -1);
  return from < 0 || to < from ? -1 : to - from;
}

double rounded(double value) {
  return value < 0 ? -1 : std::round(value * 1000) / 1000;
}

double sum(const HarTimings& timings) {
  double total = 0;
  for (const double each : {timings.blocked, timings.dns, timings.connect, timings.send,
                            timings.wait, timings.receive}) {
    total += std::max(0.0, each);
  }
  return total;
}

// Without ResourceTiming, as from a cache: all is waiting until there is a response.
void split_by_response(const Exchange& exchange, HarTimings& timings) {
  const double responded = exchange.responded > 0 ? exchange.responded : exchange.ended;
  timings.wait = milliseconds(responded - exchange.started);
  timings.receive = milliseconds(exchange.ended - responded);
}

void split_by_timing(const Exchange& exchange, const json::object& timing, HarTimings& timings) {
  timings.dns = between(timing, "dnsStart", "dnsEnd");
  timings.connect = between(timing, "connectStart", "connectEnd");
  timings.ssl = between(timing, "sslStart", "sslEnd");
  timings.send = std::max(0.0, between(timing, "sendStart", "sendEnd"));
  timings.wait = std::max(0.0, between(timing, "sendEnd", "receiveHeadersEnd"));
  const double head_at = number_of(timing, "requestTime", exchange.started) +
                         number_of(timing, "receiveHeadersEnd", 0) / 1000;
  timings.receive = milliseconds(exchange.ended - head_at);
  // What is left of the whole is time in queues before and between the steps.
  const double rest = milliseconds(exchange.ended - exchange.started) - sum(timings);
  timings.blocked = std::max(0.0, rest);
}

}  // namespace

HarTimings timings_of(const Exchange& exchange) {
  HarTimings timings;
  const json::object none;
  const auto& response = exchange.response ? *exchange.response : none;
  const auto& timing = object_of(response, "timing");
  const bool is_cached = exchange.from_memory_cache || flag_of(response, "fromDiskCache");
  if (timing.empty() || is_cached || number_of(timing, "sendEnd", -1) < 0) {
    split_by_response(exchange, timings);
  } else {
    split_by_timing(exchange, timing, timings);
  }
  for (double* each : {&timings.blocked, &timings.dns, &timings.connect, &timings.ssl,
                       &timings.send, &timings.wait, &timings.receive}) {
    *each = rounded(*each);
  }
  timings.time = std::round(sum(timings) * 1000) / 1000;
  return timings;
}

json::object to_json(const HarTimings& timings) {
  return {{"blocked", timings.blocked}, {"dns", timings.dns},   {"connect", timings.connect},
          {"ssl", timings.ssl},         {"send", timings.send}, {"wait", timings.wait},
          {"receive", timings.receive}};
}

}  // namespace pbaas::recording
