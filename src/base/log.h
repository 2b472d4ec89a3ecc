// The log: JSON lines on stderr, one event each, written synchronously. Thread-safe. No secret goes
// in here: callers log names and ids, never headers, query strings or bodies.
#pragma once

#include <boost/json/value.hpp>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace pbaas::log {

enum class Level { kDebug, kInfo, kWarn, kError };

// What an event is about, such as {"session", id.text()}.
using Fields = std::initializer_list<std::pair<std::string_view, boost::json::value>>;

void set_level(Level level);
void debug(std::string_view event, Fields fields = {});
void info(std::string_view event, Fields fields = {});
void warn(std::string_view event, Fields fields = {});
void error(std::string_view event, Fields fields = {});

}  // namespace pbaas::log
