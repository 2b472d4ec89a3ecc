#include "store/migrations.h"

#include <string>

namespace pbaas::store {
namespace {

Result<int> applied_version(SqlDatabase& database) {
  const auto rows = database.query({"SELECT coalesce(max(number), 0) FROM schema_version", {}});
  if (!rows) return rows.error();
  return std::stoi(rows->at(0).at(0).value_or("0"));
}

Status apply(SqlDatabase& database, const Migration& migration) {
  if (const auto ran = database.run_script(std::string(migration.sql)); !ran) return ran;
  const auto noted =
      database.query({"INSERT INTO schema_version (number, name) VALUES ($1, $2)",
                      {std::int64_t{migration.number}, std::string(migration.name)}});
  if (!noted) return noted.error();
  return {};
}

}  // namespace

Status apply_migrations(SqlDatabase& database, const std::vector<Migration>& migrations) {
  auto transaction = SqlTransaction::begin(database);
  if (!transaction) return transaction.error();
  if (const auto locked = database.lock_schema(); !locked) return locked;
  const auto made = database.run_script(
      "CREATE TABLE IF NOT EXISTS schema_version (number INTEGER PRIMARY KEY, name TEXT)");
  if (!made) return made;
  const auto version = applied_version(database);
  if (!version) return version.error();
  const int newest = migrations.empty() ? 0 : migrations.back().number;
  if (*version > newest) {
    return Error{Fault::kStoreUnavailable, "the database has schema " + std::to_string(*version) +
                                               ", of a newer program; this one knows " +
                                               std::to_string(newest)};
  }
  for (const auto& migration : migrations) {
    if (migration.number <= *version) continue;
    if (const auto applied = apply(database, migration); !applied) return applied;
  }
  return transaction->commit();
}

}  // namespace pbaas::store
