#include "recording/redacted_json.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/stream_parser.hpp>

#include "base/ascii.h"
#include "recording/redacted_text.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

constexpr std::size_t kNestingMax = 256;
// "42/namespace,17" before a message of socket.io.
constexpr std::size_t kBetweenBytesMax = 64;
constexpr std::size_t kMemberNameBytesMax = 64;

// How lists of fields call a field and what is in it: [{"name":"password","value":"pw"}].
constexpr std::array<std::string_view, 7> kNameKeys{"name", "key",       "field", "id",
                                                    "n",    "parameter", "header"};
constexpr std::array<std::string_view, 7> kValueKeys{"value", "val",     "v",     "text",
                                                     "data",  "content", "values"};

template <std::size_t kSize>
bool is_among(const std::array<std::string_view, kSize>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(),
                     [&](std::string_view each) { return same_word(each, name); });
}

// A name, and not a sentence with one in it.
bool is_secret_word(const json::value& value, const SecretNames& names) {
  if (!value.is_string() || value.as_string().size() > kMemberNameBytesMax) return false;
  const std::string_view text = value.as_string();
  return text.find_first_of(" /?=\n") == std::string_view::npos && names.is_secret(text);
}

class Walk {
 public:
  Walk(const SecretNames& names, int depth) : names_(names), depth_(depth) {}

  void visit(json::value& value) {
    if (auto* text = value.if_string()) visit_text(*text);
    if (auto* list = value.if_array()) visit_list(*list);
    if (auto* object = value.if_object()) visit_object(*object);
  }
  bool has_changed() const { return has_changed_; }
  std::size_t members() const { return members_; }

 private:
  // Whether it is null or a flag says nothing.
  void hide(json::value& value) {
    if (value.is_null() || value.is_bool()) return;
    count(value);
    value = kRedacted;
    has_changed_ = true;
  }

  void count(const json::value& value) {
    if (const auto* list = value.if_array()) {
      for (const auto& each : *list) count(each);
    } else if (const auto* object = value.if_object()) {
      members_ += object->size();
      for (const auto& [name, each] : *object) count(each);
    }
  }

  void visit_text(json::string& text) {
    const auto shown = redacted_text(text, names_, depth_ + 1);
    if (shown == std::string_view(text)) return;
    text = shown;
    has_changed_ = true;
  }

  // ["password","pw"], as of a form's entries or of a named message.
  void visit_list(json::array& list) {
    const bool tells = list.size() > 1 && is_secret_word(list[0], names_);
    for (auto& each : list) {
      if (tells && &each != list.data()) {
        hide(each);
      } else {
        visit(each);
      }
    }
  }

  void visit_object(json::object& object) {
    members_ += object.size();
    const auto names_secret = [&](std::string_view name, const json::value& value) {
      return is_among(kNameKeys, name) && is_secret_word(value, names_);
    };
    const bool tells = std::any_of(object.begin(), object.end(), [&](const auto& member) {
      return names_secret(member.key(), member.value());
    });
    json::object shown;
    for (auto& [name, value] : object) {
      const bool is_secret = names_.is_secret(name) || (tells && is_among(kValueKeys, name));
      // {"key":"password"} is the name of a secret, and no secret key.
      if (is_secret && !names_secret(name, value)) {
        hide(value);
      } else {
        visit(value);
      }
      json::string key(name);
      visit_text(key);
      shown[key] = std::move(value);
    }
    object = std::move(shown);
  }

  const SecretNames& names_;
  const int depth_;
  bool has_changed_ = false;
  std::size_t members_ = 0;
};

// Of sound JSON: the members that its objects were written with.
std::size_t written_members(std::string_view text) {
  std::size_t colons = 0;
  bool is_in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_in_string && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      is_in_string = !is_in_string;
    } else if (!is_in_string && text[i] == ':') {
      ++colons;
    }
  }
  return colons;
}

// Takes the value that the text begins with.
std::optional<std::string> take_value(std::string_view& text, const SecretNames& names, int depth) {
  json::parse_options options;
  options.max_depth = kNestingMax;
  json::stream_parser parser({}, options);
  boost::system::error_code error;
  const auto used = parser.write_some(text.data(), text.size(), error);
  if (error || !parser.done()) return std::nullopt;
  const auto written = text.substr(0, used);
  text.remove_prefix(used);
  auto value = parser.release();
  Walk walk(names, depth);
  walk.visit(value);
  // Of two members with one name the parser has the last: the first must not be shown unseen.
  if (!walk.has_changed() && walk.members() == written_members(written))
    return std::string(written);
  const auto blanks = written.substr(written.find_last_not_of(" \t\r\n") + 1);
  return json::serialize(value) + std::string(blanks);
}

// A string, a number or a word, alone.
std::optional<std::string> redacted_scalar(std::string_view text, const SecretNames& names,
                                           int depth) {
  boost::system::error_code error;
  auto value = json::parse(text, error);
  if (error) return std::nullopt;
  Walk walk(names, depth);
  walk.visit(value);
  return walk.has_changed() ? json::serialize(value) : std::string(text);
}

// What is between values says nothing by itself, and is no name of what follows.
bool is_empty_talk(std::string_view between) {
  return between.size() <= kBetweenBytesMax &&
         between.find_first_of("=:%<@\"'") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> redacted_json(std::string_view text, const SecretNames& names,
                                         int depth) {
  if (text.find_first_of("{[") == std::string_view::npos)
    return redacted_scalar(text, names, depth);
  std::string result;
  while (!text.empty()) {
    const auto between = text.substr(0, text.find_first_of("{["));
    if (!is_empty_talk(between)) return std::nullopt;
    result += between;
    text.remove_prefix(between.size());
    if (text.empty()) break;
    const auto value = take_value(text, names, depth);
    if (!value) return std::nullopt;
    result += *value;
  }
  return result;
}

bool looks_like_json(std::string_view text) {
  const auto start = text.find_first_not_of("0123456789 \t\r\n\xEF\xBB\xBF");
  return start != std::string_view::npos && (text[start] == '{' || text[start] == '[');
}

}  // namespace pbaas::recording
