// The log: JSON lines on stderr, one event each, written synchronously. Thread-safe. No secret goes
// in here: callers log names and ids, never headers, query strings or bodies.
#pragma once

#include <boost/json/value.hpp>
#include <initializer_list>
#include <string_view>
#include <type_traits>

namespace pbaas::log {

enum class Level { kDebug, kInfo, kWarn, kError };

// What an event is about, such as {"session", id.text()}.
struct Field {
  template <typename T>
  Field(std::string_view field, const T& content) : name(field) {
    if constexpr (std::is_convertible_v<const T&, std::string_view>) {
      value = boost::json::string(std::string_view(content));
    } else {
      value = content;
    }
  }

  std::string_view name;
  boost::json::value value;
};
using Fields = std::initializer_list<Field>;

void set_level(Level level);
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace pbaas::log
