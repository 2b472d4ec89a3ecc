#include "store/recording_table.h"

#include <array>
#include <span>

#include "store/row_reading.h"
#include "store/valid_text.h"

namespace pbaas::store {
namespace {

constexpr std::array kColumns{"session_id", "name",        "kind", "state",      "bytes",
                              "sha256",     "duration_ms", "why",  "changed_at", "removed_at"};
// All but the last.
constexpr std::span kWritten = std::span(kColumns).first<kColumns.size() - 1>();

// The session is looked for, since a row without one is none: whoever deleted the session from the
// log wants nothing of it there. `on_conflict` says what becomes of a row that is there.
SqlStatement insert(const Recording& recording, const SqlDatabase& database,
                    std::string_view on_conflict) {
  std::string text("INSERT INTO recordings (");
  const std::string settled_at = recording.is_settled() ? database.now_ms() : "NULL";
  text.append(column_list(kWritten))
      .append(
          ", settled_at) SELECT id, CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), "
          "CAST($5 AS BIGINT), CAST($6 AS TEXT), CAST($7 AS BIGINT), CAST($8 AS TEXT), "
          "CAST($9 AS BIGINT), ")
      .append(settled_at)
      .append(" FROM sessions WHERE id = $1 ON CONFLICT (session_id, name) ");
  text.append(on_conflict);
  return {text,
          {recording.session.text(), recording.name, std::string(to_word(recording.kind)),
           std::string(to_word(recording.state)), sql_number(recording.bytes), recording.sha256,
           std::int64_t{recording.duration.count()}, valid_text(recording.why),
           sql_time(recording.changed_at)}};
}

// A row of kColumns.
Recording read(const SqlRow& row) {
  RowReading reading(row, kColumns);
  auto session = known(SessionId::parse(reading.text()), "session_id");
  Recording recording{.session = std::move(session), .name = reading.text()};
  recording.kind = known(session::recording_kind_from_word(reading.text()), "kind");
  recording.state = known(recording_state_from_word(reading.text()), "state");
  recording.bytes = reading.count();
  recording.sha256 = reading.text();
  recording.duration = Duration{reading.number()};
  recording.why = reading.text();
  recording.changed_at = known(reading.time_or_null(), "changed_at");
  recording.removed = reading.time_or_null().has_value();
  return recording;
}

Result<std::vector<Recording>> to_recordings(const Result<SqlRows>& rows) try {
  if (!rows) return rows.error();
  std::vector<Recording> found;
  for (const auto& row : *rows) found.push_back(read(row));
  return found;
} catch (const std::exception& problem) {
  return Error{Fault::kStoreUnavailable, problem.what()};
}

}  // namespace

Result<bool> RecordingTable::note(const Recording& recording) {
  constexpr std::string_view kUpdate =
      "DO UPDATE SET kind = excluded.kind, state = excluded.state, bytes = excluded.bytes, "
      "sha256 = excluded.sha256, duration_ms = excluded.duration_ms, why = excluded.why, "
      "changed_at = excluded.changed_at, settled_at = COALESCE(recordings.settled_at, "
      "excluded.settled_at) WHERE recordings.removed_at IS NULL";
  const auto noted = database_.query(insert(recording, database_, kUpdate));
  if (!noted) return noted.error();
  const auto removed = database_.query(
      {"SELECT 1 FROM recordings WHERE session_id = $1 AND name = $2 AND removed_at IS NOT NULL",
       {recording.session.text(), recording.name}});
  if (!removed) return removed.error();
  return removed->empty();
}

Result<std::vector<Recording>> RecordingTable::of(const SessionId& session) {
  std::string text("SELECT ");
  text.append(column_list(kColumns)).append(" FROM recordings WHERE session_id = $1 ORDER BY name");
  return to_recordings(database_.query({text, {session.text()}}));
}

Result<std::optional<Recording>> RecordingTable::remove(const SessionId& session,
                                                        const std::string& name, RecordingKind kind,
                                                        WallTime now) {
  auto transaction = SqlTransaction::begin(database_);
  if (!transaction) return transaction.error();
  const Recording untold{.session = session, .name = name, .kind = kind};
  const auto there = database_.query(insert(untold, database_, "DO NOTHING"));
  if (!there) return there.error();
  // As it was: not removed.
  std::string text(
      "UPDATE recordings SET removed_at = $3 WHERE session_id = $1 AND name = $2 AND removed_at IS "
      "NULL RETURNING ");
  text.append(column_list(kWritten)).append(", NULL");
  const auto removed =
      to_recordings(database_.query({text, {session.text(), name, sql_time(now)}}));
  if (!removed) return removed.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  if (removed->empty()) return std::optional<Recording>{};
  return std::optional(removed->front());
}

Result<std::vector<Recording>> RecordingTable::outlived(std::chrono::seconds lifetime,
                                                        const std::optional<Recording>& behind,
                                                        std::size_t count) {
  const Duration ago = lifetime;
  std::string text("SELECT ");
  text.append(column_list(kColumns))
      .append(" FROM recordings WHERE removed_at IS NULL AND settled_at <= ")
      .append(database_.now_ms())
      .append(
          " - CAST($1 AS BIGINT) AND (session_id, name) > ($2, $3) ORDER BY session_id, name "
          "LIMIT $4");
  const std::string session = behind ? behind->session.text() : "";
  const std::string name = behind ? behind->name : "";
  return to_recordings(
      database_.query({text, {std::int64_t{ago.count()}, session, name, sql_number(count)}}));
}

}  // namespace pbaas::store
