// Request targets taken apart: percent-decoding, the path, the query. Pure and strict: what two
// readers could understand in two ways is an error, so that a guard and a route never disagree.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"

namespace pbaas::net {

struct Target {
  std::string path;                          // decoded and normal: one slash between segments
  std::map<std::string, std::string> query;  // decoded, the last of a name
  std::string authority;                     // of an absolute target, else empty
};

enum class Plus { kPlus, kSpace };

// Errors: kMalformedHttp for a bad escape, NUL, or what is not UTF-8 when decoded.
Result<std::string> percent_decode(std::string_view text, Plus plus);

// Takes "/path?query" and "http://authority/path?query". Empty segments vanish, so a trailing or a
// doubled slash means nothing. Errors: kMalformedHttp; also for "." and ".." segments, which every
// honest client resolves itself, and for an escaped slash or control character in the path.
Result<Target> parse_target(std::string_view target);

// "a=b&c=%20": `+` is a space, as forms write it. Errors: kMalformedHttp.
Result<std::map<std::string, std::string>> parse_query(std::string_view query);

bool is_utf8(std::string_view text);

}  // namespace pbaas::net
