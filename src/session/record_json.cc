#include "session/record_json.h"

#include <stdexcept>
#include <string>

namespace pbaas::session {
namespace {

namespace json = boost::json;

std::int64_t to_ms(WallTime time) {
  return time.time_since_epoch().count();
}

json::value ms_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_ms(*time)) : json::value(nullptr);
}

// What follows throws std::exception for what is not there or of another type, which
// session_from_record turns into an Error.

std::string text_at(const json::object& record, std::string_view name) {
  return std::string(record.at(name).as_string());
}

WallTime from_ms(const json::value& value) {
  return WallTime{Duration{value.as_int64()}};
}

std::optional<WallTime> time_at(const json::object& record, std::string_view name) {
  const auto& value = record.at(name);
  if (value.is_null()) return std::nullopt;
  return from_ms(value);
}

template <typename T>
T known(std::optional<T> value, const char* what) {
  if (!value) throw std::runtime_error(std::string("a bad ") + what);
  return *value;
}

Traffic traffic_at(const json::object& record) {
  const auto& counts = record.at("traffic").as_array();
  return {counts.at(0).to_number<std::uint64_t>(), counts.at(1).to_number<std::uint64_t>(),
          counts.at(2).to_number<std::uint64_t>(), counts.at(3).to_number<std::uint64_t>()};
}

// A process of the version before does not write it.
ResourceUse use_at(const json::object& record) {
  const auto* written = record.if_contains("use");
  if (!written) return {};
  const auto& use = written->as_object();
  const auto count = [&use](std::string_view name) -> std::optional<std::uint64_t> {
    const auto& value = use.at(name);
    if (value.is_null()) return std::nullopt;
    return value.to_number<std::uint64_t>();
  };
  ResourceUse read{count("egress_bytes_up"), count("egress_bytes_down"), {}, {}};
  if (const auto ms = count("cpu_ms")) read.cpu = Duration{static_cast<std::int64_t>(*ms)};
  read.peak_memory_bytes = count("peak_memory_bytes");
  return read;
}

SessionOptions options_at(const json::object& record) {
  auto options = options_from_json(record.at("options").as_object());
  if (!options) throw std::runtime_error(options.error().detail);
  return std::move(*options);
}

void read_progress(const json::object& record, Session& session) {
  if (!record.at("worker").is_null()) session.worker = text_at(record, "worker");
  session.worker_epoch = text_at(record, "worker_epoch");
  if (const auto& browser = record.at("browser"); !browser.is_null()) {
    const auto& address = browser.as_object();
    session.browser = BrowserAddress{address.at("debug_port").to_number<int>(),
                                     std::string(address.at("guid").as_string())};
  }
  // The version before has no spares.
  if (const auto* warm = record.if_contains("warm")) session.warm = warm->as_bool();
  if (!record.at("end_reason").is_null())
    session.end_reason = known(end_reason_from_word(text_at(record, "end_reason")), "end_reason");
  session.end_detail = text_at(record, "end_detail");
}

Session read(const json::object& record) {
  Session session{.id = known(SessionId::parse(text_at(record, "id")), "id")};
  session.owner = text_at(record, "owner");
  session.status = known(status_from_word(text_at(record, "status")), "status");
  session.options = options_at(record);
  read_progress(record, session);
  session.created_at = from_ms(record.at("created_at"));
  session.started_at = time_at(record, "started_at");
  session.ended_at = time_at(record, "ended_at");
  session.expires_at = time_at(record, "expires_at");
  session.traffic = traffic_at(record);
  session.use = use_at(record);
  session.connections = record.at("connections").to_number<int>();
  return session;
}

json::value written_count(const std::optional<std::uint64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

json::object use_record(const ResourceUse& use) {
  return {{"egress_bytes_up", written_count(use.egress_bytes_up)},
          {"egress_bytes_down", written_count(use.egress_bytes_down)},
          {"cpu_ms", use.cpu ? json::value(use.cpu->count()) : json::value(nullptr)},
          {"peak_memory_bytes", written_count(use.peak_memory_bytes)}};
}

}  // namespace

json::object to_record(const Session& session, Secrets secrets) {
  json::object record;
  record["id"] = session.id.text();
  record["owner"] = session.owner;
  record["status"] = to_word(session.status);
  record["options"] = to_json(session.options, secrets);
  record["worker"] = session.worker ? json::value(*session.worker) : json::value(nullptr);
  record["worker_epoch"] = session.worker_epoch;
  record["browser"] = nullptr;
  if (session.browser) {
    record["browser"] =
        json::object{{"debug_port", session.browser->debug_port}, {"guid", session.browser->guid}};
  }
  record["warm"] = session.warm;
  record["end_reason"] =
      session.end_reason ? json::value(to_word(*session.end_reason)) : json::value(nullptr);
  record["end_detail"] = session.end_detail;
  record["created_at"] = to_ms(session.created_at);
  record["started_at"] = ms_or_null(session.started_at);
  record["ended_at"] = ms_or_null(session.ended_at);
  record["expires_at"] = ms_or_null(session.expires_at);
  record["traffic"] = {session.traffic.messages_up, session.traffic.messages_down,
                       session.traffic.bytes_up, session.traffic.bytes_down};
  record["use"] = use_record(session.use);
  record["connections"] = session.connections;
  return record;
}

Result<Session> session_from_record(const json::object& record) {
  try {
    return read(record);
  } catch (const std::exception& problem) {
    return Error{Fault::kMalformedJson, std::string("not a session's record: ") + problem.what()};
  }
}

}  // namespace pbaas::session
