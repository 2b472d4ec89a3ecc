#include "store/sqlite_row.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdint>
#include <stdexcept>

namespace pbaas::store {
namespace {

namespace json = boost::json;
using session::Session;

void bind_text(SQLite::Statement& statement, int at, std::string_view text) {
  statement.bind(at, std::string(text));
}

std::int64_t to_ms(WallTime time) {
  return time.time_since_epoch().count();
}

void bind_time(SQLite::Statement& statement, int at, const std::optional<WallTime>& time) {
  if (time)
    statement.bind(at, to_ms(*time));
  else
    statement.bind(at);
}

void bind_count(SQLite::Statement& statement, int at, std::uint64_t count) {
  statement.bind(at, static_cast<std::int64_t>(count));
}

void bind_browser(SQLite::Statement& statement, int at, const Session& session) {
  if (session.browser) {
    statement.bind(at, session.browser->debug_port);
    bind_text(statement, at + 1, session.browser->guid);
  } else {
    statement.bind(at);
    statement.bind(at + 1);
  }
}

WallTime from_ms(std::int64_t ms) {
  return WallTime{Duration{ms}};
}

std::optional<WallTime> time_at(SQLite::Statement& statement, int at) {
  const auto column = statement.getColumn(at);
  if (column.isNull()) return std::nullopt;
  return from_ms(column.getInt64());
}

std::uint64_t count_at(SQLite::Statement& statement, int at) {
  return static_cast<std::uint64_t>(statement.getColumn(at).getInt64());
}

std::string text_at(SQLite::Statement& statement, int at) {
  return statement.getColumn(at).getString();
}

template <typename T>
T known(std::optional<T> value, const char* what) {
  if (!value) throw std::runtime_error(std::string("the session log has a row with a bad ") + what);
  return *value;
}

session::SessionOptions options_at(SQLite::Statement& statement, int at) {
  boost::system::error_code error;
  const auto value = json::parse(text_at(statement, at), error);
  if (error || !value.is_object()) throw std::runtime_error("the session log has bad options");
  auto options = session::options_from_json(value.as_object());
  if (!options) throw std::runtime_error("the session log has bad options");
  return std::move(*options);
}

void read_browser_and_end(SQLite::Statement& statement, Session& session) {
  if (!statement.getColumn(4).isNull()) session.worker = text_at(statement, 4);
  if (!statement.getColumn(5).isNull())
    session.browser =
        session::BrowserAddress{statement.getColumn(5).getInt(), text_at(statement, 6)};
  if (!statement.getColumn(7).isNull())
    session.end_reason = known(session::end_reason_from_word(text_at(statement, 7)), "end_reason");
  session.end_detail = text_at(statement, 8);
}

}  // namespace

void bind_session(SQLite::Statement& statement, const Session& session) {
  bind_text(statement, 1, session.id.text());
  bind_text(statement, 2, session.owner);
  bind_text(statement, 3, to_word(session.status));
  bind_text(statement, 4, json::serialize(to_json(session.options)));
  if (session.worker)
    bind_text(statement, 5, *session.worker);
  else
    statement.bind(5);
  bind_browser(statement, 6, session);
  if (session.end_reason)
    bind_text(statement, 8, to_word(*session.end_reason));
  else
    statement.bind(8);
  bind_text(statement, 9, session.end_detail);
  statement.bind(10, to_ms(session.created_at));
  bind_time(statement, 11, session.started_at);
  bind_time(statement, 12, session.ended_at);
  bind_time(statement, 13, session.expires_at);
  statement.bind(14, session.connections);
  bind_count(statement, 15, session.traffic.messages_up);
  bind_count(statement, 16, session.traffic.messages_down);
  bind_count(statement, 17, session.traffic.bytes_up);
  bind_count(statement, 18, session.traffic.bytes_down);
}

Session read_session(SQLite::Statement& statement) {
  Session session{.id = known(SessionId::parse(text_at(statement, 0)), "id")};
  session.owner = text_at(statement, 1);
  session.status = known(session::status_from_word(text_at(statement, 2)), "status");
  session.options = options_at(statement, 3);
  read_browser_and_end(statement, session);
  session.created_at = from_ms(statement.getColumn(9).getInt64());
  session.started_at = time_at(statement, 10);
  session.ended_at = time_at(statement, 11);
  session.expires_at = time_at(statement, 12);
  session.connections = statement.getColumn(13).getInt();
  session.traffic.messages_up = count_at(statement, 14);
  session.traffic.messages_down = count_at(statement, 15);
  session.traffic.bytes_up = count_at(statement, 16);
  session.traffic.bytes_down = count_at(statement, 17);
  return session;
}

}  // namespace pbaas::store
