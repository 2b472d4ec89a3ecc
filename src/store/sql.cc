#include "store/sql.h"

#include <utility>

namespace pbaas::store {

Result<SqlTransaction> SqlTransaction::begin(SqlDatabase& database) {
  if (const auto begun = database.begin(); !begun) return begun.error();
  return SqlTransaction(database);
}

SqlTransaction::SqlTransaction(SqlTransaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

SqlTransaction::~SqlTransaction() {
  if (database_) database_->roll_back();
}

Status SqlTransaction::commit() {
  auto committed = database_->commit();
  if (committed) database_ = nullptr;
  return committed;
}

}  // namespace pbaas::store
