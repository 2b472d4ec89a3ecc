// What a client may ask to have recorded of its session, after validation: the field `record` of
// `POST /session`. Pure: values alone.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace pbaas::session {

// Which response bodies a HAR holds. What a page says is never redacted, so they are asked for.
enum class HarBodies { kNone, kText, kAll };
std::string_view to_word(HarBodies bodies);

// Which secrets a HAR hides: the usual ones (recording/redaction.h), or none of them.
enum class Redaction { kUsual, kNone };

struct HarOptions {
  HarBodies bodies = HarBodies::kNone;
  std::size_t body_bytes_max = 1u << 20;  // of one body; more is cut
  Redaction redaction = Redaction::kUsual;
  std::vector<std::string> redacted_names{};  // hidden besides the usual, in any letter case
  bool operator==(const HarOptions&) const = default;
};

struct VideoOptions {
  int width = 1280;  // pixels of the video, even; a page is scaled down and padded to fit
  int height = 720;
  int fps_max = 10;
  bool operator==(const VideoOptions&) const = default;
};

struct RecordOptions {
  std::optional<HarOptions> har;
  std::optional<VideoOptions> video;
  bool operator==(const RecordOptions&) const = default;
};

bool asks_for_bodies(const RecordOptions& options);

// Reads the field `record`. Nothing comes of an object that asks for nothing. Errors: kInvalidField
// and kUnknownField, with the path of the field, such as "record.video.width".
Result<std::optional<RecordOptions>> read_record_options(const boost::json::value& value);

// What `read_record_options` reads back.
boost::json::value to_json(const std::optional<RecordOptions>& options);

}  // namespace pbaas::session
