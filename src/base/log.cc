#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <memory>

#include "base/clock.h"

namespace pbaas::log {
namespace {

spdlog::logger& logger() {
  // The one global of the program: a log line must be possible from everywhere, before `main` and
  // after it.
  static const auto shared = [] {
    auto made = std::make_shared<spdlog::logger>("pbaas",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%v");
    return made;
  }();
  return *shared;
}

void write(spdlog::level::level_enum level, std::string_view word, std::string_view event,
           Fields fields) {
  if (!logger().should_log(level)) return;
  boost::json::object line;
  line["time"] = to_rfc3339(SystemClock().wall());
  line["level"] = word;
  line["event"] = event;
  for (const auto& [name, value] : fields) line[name] = value;
  logger().log(level, "{}", boost::json::serialize(line));
}

}  // namespace

void set_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return logger().set_level(spdlog::level::debug);
    case Level::kInfo:
      return logger().set_level(spdlog::level::info);
    case Level::kWarn:
      return logger().set_level(spdlog::level::warn);
    case Level::kError:
      return logger().set_level(spdlog::level::err);
  }
}

void debug(std::string_view event, Fields fields) {
  write(spdlog::level::debug, "debug", event, fields);
}
void info(std::string_view event, Fields fields) {
  write(spdlog::level::info, "info", event, fields);
}
void warn(std::string_view event, Fields fields) {
  write(spdlog::level::warn, "warn", event, fields);
}
void error(std::string_view event, Fields fields) {
  write(spdlog::level::err, "error", event, fields);
}

}  // namespace pbaas::log
