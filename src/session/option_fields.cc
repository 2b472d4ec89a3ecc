#include "session/option_fields.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "session/chromium_args.h"
#include "session/field_error.h"
#include "session/tag_syntax.h"

namespace pbaas::session {
namespace {

namespace json = boost::json;

constexpr int kPixelsMin = 100;
constexpr int kPixelsMax = 7680;   // 8K, the largest screen there is to imitate.
constexpr double kScaleMin = 0.5;  // Chromium does not start with less.
constexpr double kScaleMax = 8;
constexpr std::size_t kUserAgentBytesMax = 1024;
constexpr std::size_t kArgsMax = 32;
constexpr std::size_t kMetadataPairsMax = 32;
constexpr std::size_t kMetadataKeyBytesMax = 64;
constexpr std::size_t kMetadataValueBytesMax = 512;

std::string range(std::int64_t min, std::int64_t max) {
  return "from " + std::to_string(min) + " to " + std::to_string(max);
}

// The whole number in `value`; 60.0 is one too, as in JSON there is no difference.
std::optional<std::int64_t> whole(const json::value& value, std::int64_t min, std::int64_t max) {
  boost::system::error_code error;
  const auto number = value.to_number<std::int64_t>(error);
  if (error || number < min || number > max) return std::nullopt;
  return number;
}

// What the session log has was accepted once, whatever is configured now.
constexpr std::chrono::seconds kStoredMax{std::numeric_limits<std::int32_t>::max()};

Status read_seconds(std::string_view name, const json::value& value, const FieldReading& reading,
                    std::chrono::seconds min, std::chrono::seconds max,
                    std::chrono::seconds& into) {
  if (reading.stored) {
    min = std::chrono::seconds(0);
    max = kStoredMax;
  }
  const auto number = whole(value, min.count(), max.count());
  if (!number)
    return invalid_field(name, value, "whole seconds " + range(min.count(), max.count()));
  into = std::chrono::seconds(*number);
  return {};
}

Status read_timeout(const json::value& value, FieldReading& reading) {
  return read_seconds("timeout", value, reading, std::chrono::seconds(1),
                      reading.limits.session_timeout, reading.options.timeout);
}

Status read_idle_timeout(const json::value& value, FieldReading& reading) {
  return read_seconds("idle_timeout", value, reading, std::chrono::seconds(1),
                      reading.limits.idle_timeout, reading.options.idle_timeout);
}

Status read_queue_timeout(const json::value& value, FieldReading& reading) {
  return read_seconds("queue_timeout", value, reading, std::chrono::seconds(0),
                      reading.limits.queue_timeout, reading.options.queue_timeout);
}

Status read_browser(const json::value& value, FieldReading& reading) {
  const auto* word = value.if_string();
  const auto kind = word ? browser_kind_from_word(*word) : std::nullopt;
  if (!kind) return invalid_field("browser", value, "\"headless-shell\" or \"chromium\"");
  reading.options.browser = *kind;
  return {};
}

Status read_on_disconnect(const json::value& value, FieldReading& reading) {
  for (const auto choice : {OnDisconnect::kKeep, OnDisconnect::kEnd}) {
    if (value != json::value(to_word(choice))) continue;
    reading.options.on_disconnect = choice;
    return {};
  }
  return invalid_field("on_disconnect", value, "\"keep\" or \"end\"");
}

Status read_pixels(std::string_view name, const json::object& object, int& into) {
  const auto* value = object.if_contains(name);
  const auto number = value ? whole(*value, kPixelsMin, kPixelsMax) : std::nullopt;
  const std::string path = "viewport." + std::string(name);
  if (!number) {
    return invalid_field(path, value ? *value : json::value(nullptr),
                         "a whole number of pixels " + range(kPixelsMin, kPixelsMax));
  }
  into = static_cast<int>(*number);
  return {};
}

Status read_scale(const json::object& object, bool stored, double& into) {
  const auto* value = object.if_contains("device_scale_factor");
  if (!value || value->is_null()) return {};
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<double>(error) : 0;
  const bool in_range = number >= kScaleMin && number <= kScaleMax;
  if (error || !value->is_number() || !(in_range || stored))
    return invalid_field("viewport.device_scale_factor", *value, "a number from 0.5 to 8");
  into = number;
  return {};
}

Status read_viewport(const json::value& value, FieldReading& reading) {
  const auto* object = value.if_object();
  if (!object)
    return invalid_field("viewport", value, "an object of width, height, device_scale_factor");
  for (const auto& [name, unused] : *object) {
    if (name != "width" && name != "height" && name != "device_scale_factor")
      return unknown_field("viewport", name, "width, height, device_scale_factor");
  }
  Viewport viewport;
  if (const auto width = read_pixels("width", *object, viewport.width); !width) return width;
  if (const auto height = read_pixels("height", *object, viewport.height); !height) return height;
  const auto scale = read_scale(*object, reading.stored, viewport.device_scale_factor);
  if (!scale) return scale;
  reading.options.viewport = viewport;
  return {};
}

Status read_user_agent(const json::value& value, FieldReading& reading) {
  const auto* text = value.if_string();
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  if (!text || text->empty() || text->size() > kUserAgentBytesMax ||
      !std::all_of(text->begin(), text->end(), printable)) {
    return invalid_field("user_agent", value, "1 to 1024 printable ASCII characters");
  }
  reading.options.user_agent = std::string(*text);
  return {};
}

Status read_locale(const json::value& value, FieldReading& reading) {
  const auto* text = value.if_string();
  if (!text || !is_language_tag(*text))
    return invalid_field("locale", value, "a BCP 47 language tag such as \"fr-FR\"");
  reading.options.locale = std::string(*text);
  return {};
}

Status read_timezone(const json::value& value, FieldReading& reading) {
  const auto* text = value.if_string();
  const auto& exists = reading.limits.timezone_exists;
  if (!text || !is_timezone_name(*text) || (exists && !reading.stored && !exists(*text)))
    return invalid_field("timezone", value, "an IANA time zone such as \"Europe/Paris\"");
  reading.options.timezone = std::string(*text);
  return {};
}

Status read_args(const json::value& value, FieldReading& reading) {
  const auto* list = value.if_array();
  if (!list || list->size() > kArgsMax)
    return invalid_field("args", value, "a list of at most 32 Chromium flags");
  std::vector<std::string> args;
  for (const auto& each : *list) {
    const std::string path = "args[" + std::to_string(args.size()) + "]";
    const auto* text = each.if_string();
    if (!text) return invalid_field(path, each, "a Chromium flag as a string");
    const auto checked = check_arg(*text);
    if (!checked && !reading.stored) return invalid_field(path, each, checked.error());
    args.emplace_back(*text);
  }
  reading.options.args = std::move(args);
  return {};
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

Status read_metadata(const json::value& value, FieldReading& reading) {
  const auto* object = value.if_object();
  if (!object || object->size() > kMetadataPairsMax)
    return invalid_field("metadata", value, "an object of at most 32 strings");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, each] : *object) {
    const std::string path = "metadata." + std::string(key);
    if (key.empty() || key.size() > kMetadataKeyBytesMax || has_nul(key))
      return invalid_field(path, each, "names of 1 to 64 bytes, without NUL");
    const auto* text = each.if_string();
    if (!text || text->size() > kMetadataValueBytesMax || has_nul(*text))
      return invalid_field(path, each, "a string of at most 512 bytes, without NUL");
    metadata.emplace(key, *text);
  }
  reading.options.metadata = std::move(metadata);
  return {};
}

Status refuse(std::string_view name) {
  std::string detail(name);
  return Error{Fault::kNotImplemented, detail + " is not available yet; leave it out", detail};
}

Status refuse_record() {
  return Error{Fault::kNotImplemented,
               "this service has no store for recordings (MINIO_ENDPOINT); leave record out",
               "record"};
}

Status read_proxy(const json::value& value, FieldReading& reading) {
  auto proxy = read_upstream_proxy(value);
  if (!proxy) return proxy.error();
  if (!reading.limits.chains_proxies && !reading.stored) return refuse("proxy");
  reading.options.proxy = std::move(*proxy);
  return {};
}

Status read_record(const json::value& value, FieldReading& reading) {
  auto record = read_record_options(value);
  if (!record) return record.error();
  if (*record && !reading.limits.recording && !reading.stored) return refuse_record();
  reading.options.record = std::move(*record);
  return {};
}

constexpr std::array kFields{
    OptionField{"browser", read_browser},
    OptionField{"timeout", read_timeout},
    OptionField{"idle_timeout", read_idle_timeout},
    OptionField{"queue_timeout", read_queue_timeout},
    OptionField{"on_disconnect", read_on_disconnect},
    OptionField{"viewport", read_viewport},
    OptionField{"user_agent", read_user_agent},
    OptionField{"locale", read_locale},
    OptionField{"timezone", read_timezone},
    OptionField{"proxy", read_proxy},
    OptionField{"args", read_args},
    OptionField{"record", read_record},
    OptionField{"metadata", read_metadata},
};

std::string field_names() {
  std::string text;
  for (const auto& field : kFields) {
    if (!text.empty()) text += ", ";
    text += field.name;
  }
  return text;
}

}  // namespace

std::span<const OptionField> option_fields() {
  return kFields;
}

Status read_option_fields(const json::object& object, FieldReading& reading) {
  for (const auto& [name, value] : object) {
    const std::string_view wanted = name;
    const auto field = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const auto& each) { return each.name == wanted; });
    if (field == kFields.end()) return unknown_field("", wanted, field_names());
    if (value.is_null()) continue;
    const auto read = field->read(value, reading);
    if (!read) return read;
  }
  return {};
}

}  // namespace pbaas::session
