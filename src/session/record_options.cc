#include "session/record_options.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "session/field_error.h"

namespace pbaas::session {
namespace {

namespace json = boost::json;

// A body larger than this would stall the browser's pipe, on which its health is asked too.
constexpr std::int64_t kBodyBytesMax = 10 << 20;
constexpr std::size_t kRedactedNamesMax = 32;
constexpr std::size_t kRedactedNameBytesMax = 64;
// One core encodes 1080p in real time, a 25th of a second a frame; less is too small to read.
constexpr std::int64_t kWidthMin = 160;
constexpr std::int64_t kWidthMax = 1920;
constexpr std::int64_t kHeightMin = 120;
constexpr std::int64_t kHeightMax = 1080;
constexpr std::int64_t kFpsMax = 25;

constexpr std::array kBodies{HarBodies::kNone, HarBodies::kText, HarBodies::kAll};

struct Range {
  std::int64_t min;
  std::int64_t max;
};

// Leaves `into` as it is where the field is absent.
template <typename Number>
Status read_whole(const json::object& object, std::string_view parent, std::string_view name,
                  Range range, Number& into) {
  const auto* value = object.if_contains(name);
  if (!value || value->is_null()) return {};
  boost::system::error_code error;
  const auto number = value->is_number() ? value->to_number<std::int64_t>(error) : 0;
  if (!value->is_number() || error || number < range.min || number > range.max) {
    return invalid_field(
        std::string(parent) + "." + std::string(name), *value,
        "a whole number from " + std::to_string(range.min) + " to " + std::to_string(range.max));
  }
  into = static_cast<Number>(number);
  return {};
}

Status only_fields(const json::object& object, std::string_view parent,
                   std::initializer_list<std::string_view> known, std::string_view takes) {
  for (const auto& [name, unused] : object) {
    const std::string_view wanted = name;
    if (std::find(known.begin(), known.end(), wanted) == known.end())
      return unknown_field(parent, wanted, takes);
  }
  return {};
}

Status read_bodies(const json::object& object, HarOptions& har) {
  const auto* value = object.if_contains("bodies");
  if (!value || value->is_null()) return {};
  for (const auto each : kBodies) {
    if (*value != json::value(to_word(each))) continue;
    har.bodies = each;
    return {};
  }
  return invalid_field("record.har.bodies", *value, "\"none\", \"text\" or \"all\"");
}

Status read_redact(const json::object& object, HarOptions& har) {
  const auto* value = object.if_contains("redact");
  if (!value || value->is_null()) return {};
  const auto* names = value->if_array();
  if (!names || names->size() > kRedactedNamesMax) {
    return invalid_field("record.har.redact", *value,
                         "a list of at most 32 names to hide besides the usual, or [] for none");
  }
  std::vector<std::string> redacted;
  for (const auto& each : *names) {
    const auto* name = each.if_string();
    if (!name || name->empty() || name->size() > kRedactedNameBytesMax) {
      return invalid_field("record.har.redact[" + std::to_string(redacted.size()) + "]", each,
                           "a name of a header, cookie, parameter or form field, 1 to 64 bytes");
    }
    redacted.emplace_back(*name);
  }
  har.redaction = redacted.empty() ? Redaction::kNone : Redaction::kUsual;
  har.redacted_names = std::move(redacted);
  return {};
}

Status read_har(const json::value& value, std::optional<HarOptions>& into) {
  if (value.is_null() || value == json::value(false)) return {};
  HarOptions har;
  const auto* object = value.if_object();
  if (!object && value != json::value(true)) {
    return invalid_field("record.har", value,
                         "true, false or an object of bodies, body_bytes_max, redact");
  }
  if (object) {
    const auto known = only_fields(*object, "record.har", {"bodies", "body_bytes_max", "redact"},
                                   "bodies, body_bytes_max, redact");
    if (!known) return known;
    if (const auto read = read_bodies(*object, har); !read) return read;
    const auto bytes =
        read_whole(*object, "record.har", "body_bytes_max", {1, kBodyBytesMax}, har.body_bytes_max);
    if (!bytes) return bytes;
    if (const auto read = read_redact(*object, har); !read) return read;
  }
  into = std::move(har);
  return {};
}

Status read_video(const json::value& value, std::optional<VideoOptions>& into) {
  if (value.is_null() || value == json::value(false)) return {};
  VideoOptions video;
  const auto* object = value.if_object();
  if (!object && value != json::value(true)) {
    return invalid_field("record.video", value,
                         "true, false or an object of width, height, fps_max");
  }
  if (object) {
    constexpr std::string_view kParent = "record.video";
    const auto known =
        only_fields(*object, kParent, {"width", "height", "fps_max"}, "width, height, fps_max");
    if (!known) return known;
    const auto width = read_whole(*object, kParent, "width", {kWidthMin, kWidthMax}, video.width);
    if (!width) return width;
    const auto height =
        read_whole(*object, kParent, "height", {kHeightMin, kHeightMax}, video.height);
    if (!height) return height;
    const auto fps = read_whole(*object, kParent, "fps_max", {1, kFpsMax}, video.fps_max);
    if (!fps) return fps;
  }
  // Colour is stored at half the size, so pixels come in pairs.
  video.width -= video.width % 2;
  video.height -= video.height % 2;
  into = video;
  return {};
}

json::value har_json(const std::optional<HarOptions>& har) {
  if (!har) return false;
  json::object object{{"bodies", to_word(har->bodies)}, {"body_bytes_max", har->body_bytes_max}};
  const auto& names = har->redacted_names;
  const bool usual_alone = har->redaction == Redaction::kUsual && names.empty();
  if (!usual_alone) object["redact"] = json::array(names.begin(), names.end());
  return object;
}

json::value video_json(const std::optional<VideoOptions>& video) {
  if (!video) return false;
  return json::object{
      {"width", video->width}, {"height", video->height}, {"fps_max", video->fps_max}};
}

}  // namespace

std::string_view to_word(HarBodies bodies) {
  switch (bodies) {
    case HarBodies::kNone:
      return "none";
    case HarBodies::kText:
      return "text";
    case HarBodies::kAll:
      return "all";
  }
  return "";
}

bool asks_for_bodies(const RecordOptions& options) {
  return options.har && options.har->bodies != HarBodies::kNone;
}

Result<std::optional<RecordOptions>> read_record_options(const json::value& value) {
  const auto* object = value.if_object();
  if (!object) return invalid_field("record", value, "an object of har, video");
  const auto known = only_fields(*object, "record", {"har", "video"}, "har, video");
  if (!known) return known.error();
  RecordOptions options;
  if (const auto* har = object->if_contains("har")) {
    if (const auto read = read_har(*har, options.har); !read) return read.error();
  }
  if (const auto* video = object->if_contains("video")) {
    if (const auto read = read_video(*video, options.video); !read) return read.error();
  }
  if (!options.har && !options.video) return std::optional<RecordOptions>();
  return std::optional<RecordOptions>(std::move(options));
}

json::value to_json(const std::optional<RecordOptions>& options) {
  if (!options) return nullptr;
  return json::object{{"har", har_json(options->har)}, {"video", video_json(options->video)}};
}

}  // namespace pbaas::session
