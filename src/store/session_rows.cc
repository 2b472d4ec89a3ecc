#include "store/session_rows.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "store/row_reading.h"

namespace pbaas::store {
namespace {

namespace json = boost::json;
using session::Session;

constexpr std::array kColumns{"id",
                              "owner",
                              "status",
                              "options",
                              "worker",
                              "worker_epoch",
                              "debug_port",
                              "browser_guid",
                              "end_reason",
                              "end_detail",
                              "created_at",
                              "started_at",
                              "ended_at",
                              "expires_at",
                              "connections",
                              "messages_up",
                              "messages_down",
                              "bytes_up",
                              "bytes_down",
                              "egress_bytes_up",
                              "egress_bytes_down",
                              "cpu_ms",
                              "peak_memory_bytes",
                              "warm"};

SqlValue number_or_null(const std::optional<std::uint64_t>& value) {
  return value ? sql_number(*value) : SqlValue{};
}

SqlValue time_or_null(const std::optional<WallTime>& value) {
  return value ? sql_time(*value) : SqlValue{};
}

SqlValue text(std::string_view value) {
  return std::string(value);
}

SqlValue text_or_null(const std::optional<std::string>& value) {
  return value ? SqlValue{*value} : SqlValue{};
}

session::SessionOptions to_options(const std::string& shown) {
  boost::system::error_code error;
  const auto value = json::parse(shown, error);
  if (error || !value.is_object()) throw std::runtime_error("the session log has bad options");
  auto options = session::options_from_json(value.as_object());
  if (!options) throw std::runtime_error("the session log has bad options");
  return std::move(*options);
}

void read_browser_and_end(RowReading& reading, Session& session) {
  session.worker = reading.next();
  session.worker_epoch = reading.text();
  const auto port = reading.number_or_null();
  const auto guid = reading.next();
  if (port && guid) session.browser = session::BrowserAddress{static_cast<int>(*port), *guid};
  if (const auto& reason = reading.next())
    session.end_reason = known(session::end_reason_from_word(*reason), "end_reason");
  session.end_detail = reading.text();
}

session::ResourceUse read_use(RowReading& reading) {
  session::ResourceUse use;
  use.egress_bytes_up = reading.count_or_null();
  use.egress_bytes_down = reading.count_or_null();
  if (const auto ms = reading.number_or_null()) use.cpu = Duration{*ms};
  use.peak_memory_bytes = reading.count_or_null();
  return use;
}

Session read(const SqlRow& row) {
  RowReading reading(row, kColumns);
  Session session{.id = known(SessionId::parse(reading.text()), "id")};
  session.owner = reading.text();
  session.status = known(session::status_from_word(reading.text()), "status");
  session.options = to_options(reading.text());
  read_browser_and_end(reading, session);
  session.created_at = known(reading.time_or_null(), "created_at");
  session.started_at = reading.time_or_null();
  session.ended_at = reading.time_or_null();
  session.expires_at = reading.time_or_null();
  session.connections = static_cast<int>(reading.number());
  session.traffic.messages_up = reading.count();
  session.traffic.messages_down = reading.count();
  session.traffic.bytes_up = reading.count();
  session.traffic.bytes_down = reading.count();
  session.use = read_use(reading);
  session.warm = reading.number() != 0;
  return session;
}

}  // namespace

std::string session_columns(const std::string& prefix) {
  return column_list(kColumns, prefix);
}

std::size_t session_column_count() {
  return kColumns.size();
}

std::vector<SqlValue> to_values(const Session& session) {
  const auto& browser = session.browser;
  return {text(session.id.text()),
          text(session.owner),
          text(to_word(session.status)),
          text(json::serialize(to_json(session.options))),
          text_or_null(session.worker),
          text(session.worker_epoch),
          browser ? SqlValue{std::int64_t{browser->debug_port}} : SqlValue{},
          browser ? SqlValue{browser->guid} : SqlValue{},
          session.end_reason ? text(to_word(*session.end_reason)) : SqlValue{},
          text(session.end_detail),
          sql_time(session.created_at),
          time_or_null(session.started_at),
          time_or_null(session.ended_at),
          time_or_null(session.expires_at),
          std::int64_t{session.connections},
          sql_number(session.traffic.messages_up),
          sql_number(session.traffic.messages_down),
          sql_number(session.traffic.bytes_up),
          sql_number(session.traffic.bytes_down),
          number_or_null(session.use.egress_bytes_up),
          number_or_null(session.use.egress_bytes_down),
          session.use.cpu ? SqlValue{std::int64_t{session.use.cpu->count()}} : SqlValue{},
          number_or_null(session.use.peak_memory_bytes),
          std::int64_t{session.warm ? 1 : 0}};
}

Result<Session> to_session(const SqlRow& row) try {
  return read(row);
} catch (const std::exception& problem) {
  return Error{Fault::kStoreUnavailable, problem.what()};
}

}  // namespace pbaas::store
