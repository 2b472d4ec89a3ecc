#include "session/strict_json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse.hpp>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "session/field_error.h"

namespace pbaas::session {
namespace {

namespace json = boost::json;
using boost::system::error_code;

// Follows the parser through a document and keeps the names of every object that is open. The names
// of its functions are Boost.JSON's:
// https://www.boost.org/doc/libs/1_81_0/libs/json/doc/html/json/ref/boost__json__basic_parser.html
class DuplicateFinder {
 public:
  static constexpr std::size_t max_object_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_array_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_key_size = std::numeric_limits<std::size_t>::max();
  static constexpr std::size_t max_string_size = std::numeric_limits<std::size_t>::max();

  // The dotted path of the first name that was there twice.
  const std::optional<std::string>& duplicate() const { return duplicate_; }

  bool on_object_begin(error_code&) {
    open_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, error_code&) {
    open_.pop_back();
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, error_code&) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, error_code& error) {
    key_.append(part.data(), part.size());
    open_.back().last = key_;
    const bool is_new = open_.back().names.insert(std::move(key_)).second;
    key_.clear();
    if (is_new) return true;
    duplicate_ = path();
    error = json::error::syntax;
    return false;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_array_begin(error_code&) { return true; }
  bool on_array_end(std::size_t, error_code&) { return true; }
  bool on_string_part(json::string_view, std::size_t, error_code&) { return true; }
  bool on_string(json::string_view, std::size_t, error_code&) { return true; }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, error_code&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, error_code&) { return true; }
  bool on_double(double, json::string_view, error_code&) { return true; }
  bool on_bool(bool, error_code&) { return true; }
  bool on_null(error_code&) { return true; }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }

 private:
  struct Object {
    std::set<std::string> names;
    std::string last;
  };

  std::string path() const {
    std::string text;
    for (const auto& object : open_) {
      if (!text.empty()) text += '.';
      text += object.last;
    }
    return text;
  }

  std::vector<Object> open_;
  std::string key_;
  std::optional<std::string> duplicate_;
};

std::optional<std::string> find_duplicate(std::string_view body,
                                          const json::parse_options& options) {
  json::basic_parser<DuplicateFinder> parser(options);
  error_code error;
  parser.write_some(false, body.data(), body.size(), error);
  return parser.handler().duplicate();
}

}  // namespace

Result<json::object> parse_strict_object(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return json::object{};
  if (body.size() > kJsonBytesMax) {
    return Error{Fault::kBodyTooLarge, "the body has " + std::to_string(body.size()) +
                                           " bytes; it takes at most " +
                                           std::to_string(kJsonBytesMax)};
  }
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error) return Error{Fault::kMalformedJson, "the body is not valid JSON: " + error.message()};
  if (!value.is_object()) return Error{Fault::kMalformedJson, "the body must be a JSON object"};

  const auto duplicate = find_duplicate(body, options);
  if (!duplicate) return std::move(value.as_object());
  const std::string name = shortened(*duplicate);
  return Error{Fault::kInvalidField, name + " is given twice; it takes one value", name};
}

}  // namespace pbaas::session
