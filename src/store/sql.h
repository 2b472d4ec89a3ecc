// The little of a SQL database that the session log needs, so that its statements are written once
// for SQLite and for PostgreSQL. Parameters are $1, $2, … in both. Each call blocks until it is
// done; one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"

namespace pbaas::store {

using SqlValue = std::variant<std::monostate, std::int64_t, std::string>;  // the first is NULL

struct SqlStatement {
  std::string text;
  std::vector<SqlValue> values;
};

// A value as text, as both databases give it; nothing for NULL.
using SqlRow = std::vector<std::optional<std::string>>;
using SqlRows = std::vector<SqlRow>;

// Errors are kStoreUnavailable, except kInternal for a statement that the database refuses for what
// is in it, which trying again cannot help.
class SqlDatabase {
 public:
  virtual ~SqlDatabase() = default;
  virtual Result<SqlRows> query(const SqlStatement& statement) = 0;
  // Runs them one after another, up to the first that fails; their rows are of no interest.
  virtual Status run_all(const std::vector<SqlStatement>& statements) = 0;
  // Any number of statements without parameters.
  virtual Status run_script(const std::string& text) = 0;

  virtual Status begin() = 0;
  virtual Status commit() = 0;
  virtual void roll_back() = 0;
  // Until the end of the transaction: of several programs that bring the schema up to date at once,
  // one does and the others wait.
  virtual Status lock_schema() = 0;
  // The database's own time as an expression: ms since 1970.
  virtual std::string now_ms() const = 0;
};

// A transaction that is taken back unless it was committed.
class SqlTransaction {
 public:
  static Result<SqlTransaction> begin(SqlDatabase& database);
  SqlTransaction(SqlTransaction&& other) noexcept;
  SqlTransaction& operator=(SqlTransaction&&) = delete;
  ~SqlTransaction();
  Status commit();

 private:
  explicit SqlTransaction(SqlDatabase& database) : database_(&database) {}
  SqlDatabase* database_;
};

}  // namespace pbaas::store
