#include "store/recording_table.h"

#include <charconv>
#include <stdexcept>

#include "store/valid_text.h"

namespace pbaas::store {
namespace {

constexpr const char* kColumns =
    "session_id, name, kind, state, bytes, sha256, duration_ms, why, changed_at";

SqlValue number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

SqlValue time(WallTime value) {
  return std::int64_t{value.time_since_epoch().count()};
}

// The session is looked for, since a row without one is none: whoever deleted the session from the
// log wants nothing of it there.
SqlStatement upsert(const Recording& recording) {
  const std::string text =
      std::string("INSERT INTO recordings (") + kColumns +
      ") SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS BIGINT), "
      "CAST($6 AS TEXT), CAST($7 AS BIGINT), CAST($8 AS TEXT), CAST($9 AS BIGINT) "
      "FROM sessions WHERE id = $1 ON CONFLICT (session_id, name) DO UPDATE SET "
      "kind = excluded.kind, state = excluded.state, bytes = excluded.bytes, "
      "sha256 = excluded.sha256, duration_ms = excluded.duration_ms, why = excluded.why, "
      "changed_at = excluded.changed_at WHERE recordings.removed_at IS NULL";
  return {text,
          {recording.session.text(), recording.name, std::string(word(recording.kind)),
           std::string(word(recording.state)), number(recording.bytes), recording.sha256,
           std::int64_t{recording.duration.count()}, valid_text(recording.why),
           time(recording.changed_at)}};
}

std::int64_t to_number(const std::optional<std::string>& shown) {
  std::int64_t value = 0;
  const std::string text = shown.value_or("");
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || read.ptr != text.data() + text.size())
    throw std::runtime_error("the log has a recording with a bad number");
  return value;
}

template <typename T>
T known(std::optional<T> value) {
  if (!value) throw std::runtime_error("the log has a recording that cannot be read");
  return std::move(*value);
}

// A row of kColumns, and after them removed_at.
RecordingRow read(const SqlRow& row) {
  Recording recording{.session = known(SessionId::parse(row.at(0).value_or(""))),
                      .name = known(row.at(1))};
  recording.kind = known(recording_kind_from_word(row.at(2).value_or("")));
  recording.state = known(recording_state_from_word(row.at(3).value_or("")));
  recording.bytes = static_cast<std::uint64_t>(to_number(row.at(4)));
  recording.sha256 = known(row.at(5));
  recording.duration = Duration{to_number(row.at(6))};
  recording.why = known(row.at(7));
  recording.changed_at = WallTime{Duration{to_number(row.at(8))}};
  return {std::move(recording), row.at(9).has_value()};
}

Result<std::vector<RecordingRow>> to_recordings(const Result<SqlRows>& rows) try {
  if (!rows) return rows.error();
  std::vector<RecordingRow> found;
  for (const auto& row : *rows) found.push_back(read(row));
  return found;
} catch (const std::exception& problem) {
  return Error{Fault::kStoreUnavailable, problem.what()};
}

SqlStatement select(const SessionId& session, const std::string& more = "") {
  return {std::string("SELECT ") + kColumns + ", removed_at FROM recordings WHERE session_id = $1" +
              more + " ORDER BY name",
          {session.text()}};
}

}  // namespace

Result<bool> RecordingTable::note(const Recording& recording) {
  if (const auto noted = database_.query(upsert(recording)); !noted) return noted.error();
  const auto removed = database_.query(
      {"SELECT 1 FROM recordings WHERE session_id = $1 AND name = $2 AND removed_at IS NOT NULL",
       {recording.session.text(), recording.name}});
  if (!removed) return removed.error();
  return removed->empty();
}

Result<std::vector<RecordingRow>> RecordingTable::of(const SessionId& session) {
  return to_recordings(database_.query(select(session)));
}

Result<std::optional<Recording>> RecordingTable::remove(const SessionId& session,
                                                        const std::string& name, RecordingKind kind,
                                                        WallTime now) {
  auto transaction = SqlTransaction::begin(database_);
  if (!transaction) return transaction.error();
  Recording untold{.session = session, .name = name, .kind = kind};
  auto insert = upsert(untold);
  insert.text.erase(insert.text.find("DO UPDATE"));
  insert.text += "DO NOTHING";
  if (const auto there = database_.query(insert); !there) return there.error();
  const auto removed = to_recordings(database_.query(
      {std::string("UPDATE recordings SET removed_at = $3 WHERE session_id = $1 AND name = $2 AND "
                   "removed_at IS NULL RETURNING ") +
           kColumns + ", removed_at",
       {session.text(), name, time(now)}}));
  if (!removed) return removed.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  if (removed->empty()) return std::optional<Recording>{};
  return std::optional(removed->front().recording);
}

}  // namespace pbaas::store
