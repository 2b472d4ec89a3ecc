#include "store/sqlite_database.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <filesystem>
#include <map>
#include <utility>

#include "store/migrations.h"

namespace pbaas::store {
namespace {

constexpr int kBusyTimeoutMs = 2000;  // Another program that reads the file holds it far shorter.
// The statements of the log differ in what a list asks for alone; far fewer are in use.
constexpr std::size_t kPreparedMax = 64;

Error unavailable(const std::exception& problem) {
  return Error{Fault::kStoreUnavailable, std::string("the session log: ") + problem.what(), "", 1};
}

void bind(SQLite::Statement& statement, const std::vector<SqlValue>& values) {
  for (std::size_t n = 0; n < values.size(); ++n) {
    const std::string name = "$" + std::to_string(n + 1);
    if (const auto* number = std::get_if<std::int64_t>(&values[n]))
      statement.bind(name, *number);
    else if (const auto* text = std::get_if<std::string>(&values[n]))
      statement.bind(name, *text);
    else
      statement.bind(name);
  }
}

SqlRow row_of(SQLite::Statement& statement) {
  SqlRow row;
  for (int n = 0; n < statement.getColumnCount(); ++n) {
    const auto column = statement.getColumn(n);
    row.push_back(column.isNull() ? std::nullopt : std::optional(column.getString()));
  }
  return row;
}

// A statement that is kept must not stay in the middle of its rows: it would hold the database.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(SQLite::Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.tryReset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  SQLite::Statement& statement_;
};

}  // namespace

class SqliteDatabase::Impl {
 public:
  explicit Impl(const std::string& path)
      : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs) {
    // WAL with NORMAL survives kill -9 at any moment, and loses the last commits, never more, with
    // the power: https://www.sqlite.org/pragma.html#pragma_synchronous
    database_.exec("PRAGMA journal_mode = WAL");
    database_.exec("PRAGMA synchronous = NORMAL");
    database_.exec("PRAGMA foreign_keys = ON");
    // In place of the checkpoints that commits make by themselves, which wait for the disk.
    sqlite3_wal_hook(database_.getHandle(), &Impl::on_commit, this);
  }

  int log_pages() const { return log_pages_; }

  SqlRows query(const SqlStatement& text) {
    auto& statement = prepared(text.text);
    const ResetAtEnd at_end(statement);
    bind(statement, text.values);
    SqlRows rows;
    while (statement.executeStep()) rows.push_back(row_of(statement));
    return rows;
  }

  void run_script(const std::string& text) { database_.exec(text); }

 private:
  static int on_commit(void* self, sqlite3*, const char*, int pages) {
    static_cast<Impl*>(self)->log_pages_ = pages;
    return SQLITE_OK;
  }

  SQLite::Statement& prepared(const std::string& text) {
    if (const auto found = prepared_.find(text); found != prepared_.end()) return found->second;
    if (prepared_.size() >= kPreparedMax) prepared_.clear();
    return prepared_
        .emplace(std::piecewise_construct, std::forward_as_tuple(text),
                 std::forward_as_tuple(database_, text))
        .first->second;
  }

  int log_pages_ = 0;
  SQLite::Database database_;
  std::map<std::string, SQLite::Statement> prepared_;
};

SqliteDatabase::SqliteDatabase(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteDatabase::~SqliteDatabase() = default;

Result<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) try {
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(std::make_unique<Impl>(path)));
  const auto migrated = apply_migrations(*database, sqlite_migrations());
  if (!migrated) return Error{Fault::kStoreUnavailable, migrated.error().detail + ": " + path};
  return database;
} catch (const std::exception& problem) {
  Error error = unavailable(problem);
  error.detail += ": " + path;
  return error;
}

Result<SqlRows> SqliteDatabase::query(const SqlStatement& statement) try {
  return impl_->query(statement);
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Status SqliteDatabase::run_all(const std::vector<SqlStatement>& statements) {
  for (const auto& statement : statements) {
    if (const auto ran = query(statement); !ran) return ran.error();
  }
  return {};
}

Status SqliteDatabase::run_script(const std::string& text) try {
  impl_->run_script(text);
  return {};
} catch (const std::exception& problem) {
  return unavailable(problem);
}

// IMMEDIATE: whoever begins will write, and waits here for who writes now.
Status SqliteDatabase::begin() {
  return run_script("BEGIN IMMEDIATE");
}

Status SqliteDatabase::commit() {
  return run_script("COMMIT");
}

void SqliteDatabase::roll_back() {
  // Some errors have taken the transaction back by themselves, and then there is none.
  (void)run_script("ROLLBACK");
}

Status SqliteDatabase::lock_schema() {
  return {};  // BEGIN IMMEDIATE has.
}

std::string SqliteDatabase::now_ms() const {
  return "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)";
}

// A checkpoint syncs the WAL to disk, then the database: https://www.sqlite.org/wal.html#ckpt
Status SqliteDatabase::sync() {
  return run_script("PRAGMA wal_checkpoint(PASSIVE)");
}

Status SqliteDatabase::restart_log() {
  const std::string wait = std::to_string(kBusyTimeoutMs);
  return run_script(
      "PRAGMA busy_timeout = 0; PRAGMA wal_checkpoint(RESTART); PRAGMA busy_timeout = " + wait);
}

int SqliteDatabase::log_pages() const {
  return impl_->log_pages();
}

}  // namespace pbaas::store
