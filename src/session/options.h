// What a client may ask of a session in `POST /session`, after validation. Pure: values alone.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "session/record_options.h"
#include "session/upstream_proxy.h"

namespace pbaas::session {

enum class BrowserKind { kHeadlessShell, kChromium };
enum class OnDisconnect { kKeep, kEnd };

std::string_view to_word(BrowserKind kind);
std::string_view to_word(OnDisconnect choice);
std::optional<BrowserKind> browser_kind_from_word(std::string_view word);

struct Viewport {
  int width = 0;   // CSS pixels
  int height = 0;  // CSS pixels
  double device_scale_factor = 1.0;
  bool operator==(const Viewport&) const = default;
};

struct SessionOptions {
  BrowserKind browser = BrowserKind::kHeadlessShell;
  std::chrono::seconds timeout{0};
  std::chrono::seconds idle_timeout{0};
  std::chrono::seconds queue_timeout{0};
  OnDisconnect on_disconnect = OnDisconnect::kKeep;
  std::optional<Viewport> viewport;
  std::optional<std::string> user_agent;
  std::optional<std::string> locale;    // BCP 47, such as "fr-FR"
  std::optional<std::string> timezone;  // IANA, such as "Europe/Paris"
  std::optional<UpstreamProxy> proxy;
  std::vector<std::string> args;  // from the allow-list
  std::optional<RecordOptions> record;
  std::map<std::string, std::string> metadata;
  bool operator==(const SessionOptions&) const = default;
};

// The configured defaults and ceilings a request is measured against.
struct OptionLimits {
  std::chrono::seconds session_timeout{3600};
  std::chrono::seconds idle_timeout{300};
  std::chrono::seconds queue_timeout{30};
  BrowserKind default_browser = BrowserKind::kHeadlessShell;
  // Whether there is such a time zone on this machine; where it is empty, syntax alone decides.
  std::function<bool(std::string_view name)> timezone_exists = {};
  // Whether browsers go out through an egress proxy, which can chain to a session's own.
  bool chains_proxies = false;
  // Whether this service records; where it does not, asking for it is refused.
  bool recording = false;
};

// Reads the body of `POST /session`. An empty body is `{}`. Errors: kMalformedJson, kUnknownField,
// kInvalidField (each naming the field, the value and what it takes), kNotImplemented for `proxy`
// where none is chained, and for `record` where the service does not record.
Result<SessionOptions> parse_options(std::string_view body, const OptionLimits& limits);

// The options as the API shows them and the session log keeps them: the proxy's user and password
// are masked. With `Secrets::kShown` they are as they were given, for the worker that starts the
// browser. `options_from_json` reads back either.
boost::json::object to_json(const SessionOptions& options, Secrets secrets = Secrets::kMasked);
Result<SessionOptions> options_from_json(const boost::json::object& json);

}  // namespace pbaas::session
