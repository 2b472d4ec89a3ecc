#include "store/sqlite_schema.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <stdexcept>
#include <string>

namespace pbaas::store {
namespace {

int applied_version(SQLite::Database& database) {
  SQLite::Statement query(database, "SELECT coalesce(max(number), 0) FROM schema_version");
  query.executeStep();
  return query.getColumn(0).getInt();
}

void apply(SQLite::Database& database, const Migration& migration) {
  SQLite::Statement note(database, "INSERT INTO schema_version (number, name) VALUES (?, ?)");
  database.exec(std::string(migration.sql));
  note.bind(1, migration.number);
  note.bind(2, std::string(migration.name));
  note.exec();
}

}  // namespace

void apply_migrations(SQLite::Database& database, const std::vector<Migration>& migrations) {
  // IMMEDIATE: of two programs that open a new database at once, one applies and the other waits.
  SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
  database.exec(
      "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT)");
  const int version = applied_version(database);
  const int newest = migrations.empty() ? 0 : migrations.back().number;
  if (version > newest) {
    throw std::runtime_error("the database has schema " + std::to_string(version) +
                             ", of a newer program; this one knows " + std::to_string(newest));
  }
  for (const auto& migration : migrations) {
    if (migration.number > version) apply(database, migration);
  }
  transaction.commit();
}

}  // namespace pbaas::store
