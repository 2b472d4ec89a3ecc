#include "session/options.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "session/option_fields.h"
#include "session/strict_json.h"

namespace pbaas::session {
namespace {

namespace json = boost::json;

json::value text_or_null(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

json::value viewport_or_null(const std::optional<Viewport>& viewport) {
  if (!viewport) return nullptr;
  return json::object{{"width", viewport->width},
                      {"height", viewport->height},
                      {"device_scale_factor", viewport->device_scale_factor}};
}

json::object metadata_json(const std::map<std::string, std::string>& metadata) {
  json::object object;
  for (const auto& [key, value] : metadata) object[key] = value;
  return object;
}

SessionOptions defaults(const OptionLimits& limits) {
  SessionOptions options;
  options.browser = limits.default_browser;
  options.timeout = limits.session_timeout;
  options.idle_timeout = limits.idle_timeout;
  options.queue_timeout = limits.queue_timeout;
  return options;
}

}  // namespace

std::string_view to_word(BrowserKind kind) {
  switch (kind) {
    case BrowserKind::kHeadlessShell:
      return "headless-shell";
    case BrowserKind::kChromium:
      return "chromium";
  }
  return "";
}

std::string_view to_word(OnDisconnect choice) {
  switch (choice) {
    case OnDisconnect::kKeep:
      return "keep";
    case OnDisconnect::kEnd:
      return "end";
  }
  return "";
}

std::optional<BrowserKind> browser_kind_from_word(std::string_view word) {
  for (const auto kind : {BrowserKind::kHeadlessShell, BrowserKind::kChromium}) {
    if (to_word(kind) == word) return kind;
  }
  return std::nullopt;
}

Result<SessionOptions> parse_options(std::string_view body, const OptionLimits& limits) {
  const auto object = parse_strict_object(body);
  if (!object) return object.error();
  auto options = defaults(limits);
  FieldReading reading{limits, options};
  if (const auto read = read_option_fields(*object, reading); !read) return read.error();
  return options;
}

json::object to_json(const SessionOptions& options, Secrets secrets) {
  json::object object;
  object["browser"] = to_word(options.browser);
  object["timeout"] = options.timeout.count();
  object["idle_timeout"] = options.idle_timeout.count();
  object["queue_timeout"] = options.queue_timeout.count();
  object["on_disconnect"] = to_word(options.on_disconnect);
  object["viewport"] = viewport_or_null(options.viewport);
  object["user_agent"] = text_or_null(options.user_agent);
  object["locale"] = text_or_null(options.locale);
  object["timezone"] = text_or_null(options.timezone);
  object["proxy"] = options.proxy ? json::value(to_json(*options.proxy, secrets)) : nullptr;
  object["args"] = json::array(options.args.begin(), options.args.end());
  object["record"] = to_json(options.record);
  object["metadata"] = metadata_json(options.metadata);
  return object;
}

Result<SessionOptions> options_from_json(const json::object& object) {
  const OptionLimits limits;
  SessionOptions options;
  FieldReading reading{limits, options, true};
  if (const auto read = read_option_fields(object, reading); !read) return read.error();
  return options;
}

}  // namespace pbaas::session
