// The schema of the SQLite session log: numbered SQL, applied in order, forward only.
#pragma once

#include <string_view>
#include <vector>

namespace SQLite {
class Database;
}

namespace pbaas::store {

struct Migration {
  int number = 0;
  std::string_view name;
  std::string_view sql;
};

// In order, from src/store/schema/sqlite/.
const std::vector<Migration>& sqlite_migrations();

// Applies what the database has not had yet, all or nothing. A database of a newer
// program is refused. Throws SQLite::Exception or std::runtime_error.
void apply_migrations(SQLite::Database& database, const std::vector<Migration>& migrations);

}  // namespace pbaas::store
