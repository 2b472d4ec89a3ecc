// A SQLite database for one thread at a time: the session log of a service on one machine.
#pragma once

#include <memory>
#include <string>

#include "store/sql.h"

namespace pbaas::store {

class SqliteDatabase final : public SqlDatabase {
 public:
  // Makes the folder and the file where there are none, and brings the schema up to date. Errors:
  // kStoreUnavailable, with the path.
  static Result<std::unique_ptr<SqliteDatabase>> open(const std::string& path);
  ~SqliteDatabase() override;

  Result<SqlRows> query(const SqlStatement& statement) override;
  Status run_all(const std::vector<SqlStatement>& statements) override;
  Status run_script(const std::string& text) override;
  Status begin() override;
  Status commit() override;
  void roll_back() override;
  Status lock_schema() override;
  std::string now_ms() const override;

  // What was written survives the loss of power from now on; that of the process it survives
  // anyway.
  Status sync();
  // The same, and the next commit begins the write-ahead log anew; not while another connection
  // does either, or reads. Waits for none.
  Status restart_log();
  // How long the write-ahead log was at the last commit, in pages. It is emptied by nobody but
  // `sync` and `restart_log`, of this connection or another of the same file.
  int log_pages() const;

 private:
  class Impl;
  explicit SqliteDatabase(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::store
