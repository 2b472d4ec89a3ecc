// A connection to PostgreSQL, for one thread at a time. Every call ends within its time limit, also
// where the server is stopped or the network swallows what is sent: the connection is then dropped
// and the call fails. Without a connection, calls fail at once.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/sql.h"

struct pg_conn;
struct pg_result;

namespace pbaas::store {

class PostgresDatabase final : public SqlDatabase {
 public:
  static constexpr Duration kCallMax{2000};

  // `url` as PostgreSQL takes it, https://www.postgresql.org/docs/15/libpq-connect.html. It is
  // never part of an error.
  explicit PostgresDatabase(std::string url) : url_(std::move(url)) {}

  // Connects anew. Errors: kInvalidField where waiting does not help (no URL, a wrong password, no
  // such database), else kStoreUnavailable.
  Status connect();
  // Whether there is a connection; looks whether the server has closed it.
  bool is_connected();
  // Whether the last connection went because of silence: another try would take as long.
  bool went_silent() const { return went_silent_; }

  Result<SqlRows> query(const SqlStatement& statement) override;
  // In one go, without waiting for each; the statements are prepared once.
  Status run_all(const std::vector<SqlStatement>& statements) override;
  Status run_script(const std::string& text) override;
  Status begin() override;
  Status commit() override;
  void roll_back() override;
  // Takes away the time limit of this connection, too: a step of the schema may take long.
  Status lock_schema() override;
  std::string now_ms() const override;
  // How long a call may take from now on, here and in the server.
  Status limit_calls(Duration most);

 private:
  using Moment = std::chrono::steady_clock::time_point;
  struct CloseConnection {
    void operator()(pg_conn* connection) const;
  };
  struct ClearResult {
    void operator()(pg_result* result) const;
  };
  using Answer = std::unique_ptr<pg_result, ClearResult>;

  Status finish_connecting(Moment until);
  Error connect_error() const;
  // Waits until the socket is ready. Errors drop the connection.
  Status wait(bool to_write, Moment until);
  Status flush(Moment until);
  // The next answer to what was sent; nothing after the last one.
  Result<Answer> next_answer(Moment until);
  // What PostgreSQL answered to one statement, or to the last of a script.
  Result<Answer> answer_to_query(Moment until);
  Result<std::string> prepared(const SqlStatement& statement);
  Status send_pipeline(const std::vector<SqlStatement>& statements);
  Status read_pipeline(std::size_t count, Moment until);
  Error lost(std::string why);
  Moment call_end() const { return std::chrono::steady_clock::now() + call_max_; }

  const std::string url_;
  Duration call_max_ = kCallMax;
  bool went_silent_ = false;
  std::unique_ptr<pg_conn, CloseConnection> connection_;
  std::map<std::string, std::string> prepared_;  // name by text
};

}  // namespace pbaas::store
