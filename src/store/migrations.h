// The schema of a session log's database: numbered SQL, applied in order, forward only.
#pragma once

#include <string_view>
#include <vector>

#include "store/sql.h"

namespace pbaas::store {

struct Migration {
  int number = 0;
  std::string_view name;
  std::string_view sql;
};

// In order, from src/store/schema/.
const std::vector<Migration>& sqlite_migrations();
const std::vector<Migration>& postgres_migrations();

// Applies what the database has not had yet, all or nothing. Any number of programs may do so at
// once. Errors: kStoreUnavailable, also for a database of a newer program.
Status apply_migrations(SqlDatabase& database, const std::vector<Migration>& migrations);

}  // namespace pbaas::store
