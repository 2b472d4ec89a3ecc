#include "store/postgres_database.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace pbaas::store {
namespace {

// The number of int8 in PostgreSQL's catalogue, pg_type.dat. Text goes without a type: PostgreSQL
// knows what it needs.
constexpr Oid kInt8 = 20;
// One at a time of all programs that bring a schema up to date; any number that nobody else uses.
constexpr const char* kLockSchema = "SELECT pg_advisory_xact_lock(8207193318850034)";

Error unavailable(const std::string& why) {
  auto shown = why;
  while (shown.ends_with('\n')) shown.pop_back();
  return {Fault::kStoreUnavailable, "PostgreSQL: " + shown, "", 1};
}

// https://www.postgresql.org/docs/15/errcodes-appendix.html
bool is_about_the_values(std::string_view state) {
  return state.starts_with("22") || state.starts_with("23") || state.starts_with("54");
}

Error error_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  auto error = unavailable(text ? text : "no answer");
  // Such as a text that is not UTF-8: it stays so.
  if (state && is_about_the_values(state)) error.fault = Fault::kInternal;
  return error;
}

// A statement's parameters as libpq takes them. Points into the statement and into itself.
class Parameters {
 public:
  explicit Parameters(const std::vector<SqlValue>& values) {
    texts_.reserve(values.size());
    for (const auto& value : values) add(value);
  }
  int count() const { return static_cast<int>(values_.size()); }
  const Oid* types() const { return types_.data(); }
  const char* const* values() const { return values_.data(); }

 private:
  void add(const SqlValue& value) {
    const auto* number = std::get_if<std::int64_t>(&value);
    const auto* text = std::get_if<std::string>(&value);
    if (number) texts_.push_back(std::to_string(*number));
    types_.push_back(number ? kInt8 : 0);
    values_.push_back(number ? texts_.back().c_str() : text ? text->c_str() : nullptr);
  }

  std::vector<std::string> texts_;
  std::vector<Oid> types_;
  std::vector<const char*> values_;
};

SqlRows rows_of(const PGresult* result) {
  SqlRows rows(static_cast<std::size_t>(PQntuples(result)));
  const int columns = PQnfields(result);
  for (int row = 0; row < PQntuples(result); ++row) {
    for (int column = 0; column < columns; ++column) {
      auto& values = rows[static_cast<std::size_t>(row)];
      if (PQgetisnull(result, row, column))
        values.emplace_back(std::nullopt);
      else
        values.emplace_back(PQgetvalue(result, row, column));
    }
  }
  return rows;
}

bool is_error(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE;
}

Error bad_url() {
  return {Fault::kInvalidField,
          "DATABASE_URL is no URL of a PostgreSQL database; it takes "
          "postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
          "DATABASE_URL"};
}

void say_nothing(void*, const PGresult*) {}

}  // namespace

void PostgresDatabase::CloseConnection::operator()(PGconn* connection) const {
  PQfinish(connection);
}

void PostgresDatabase::ClearResult::operator()(PGresult* result) const {
  PQclear(result);
}

Error PostgresDatabase::lost(std::string why) {
  connection_.reset();
  prepared_.clear();
  return unavailable(why);
}

Status PostgresDatabase::connect() {
  connection_.reset();
  prepared_.clear();
  went_silent_ = false;
  const bool is_url = url_.starts_with("postgresql://") || url_.starts_with("postgres://");
  // libpq's own errors about a URL show it, with the password.
  std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      is_url ? PQconninfoParse(url_.c_str(), nullptr) : nullptr, PQconninfoFree);
  if (!parsed) return bad_url();
  // A peer that is gone without a word is known within two seconds of unanswered data, or six of
  // silence.
  const std::array names{
      "dbname",          "application_name",    "tcp_user_timeout",
      "keepalives_idle", "keepalives_interval", "keepalives_count",
      "client_encoding", "connect_timeout",     static_cast<const char*>(nullptr)};
  const std::array values{
      url_.c_str(), "pbaas", "2000", "3", "1", "3", "UTF8", "2", static_cast<const char*>(nullptr)};
  connection_.reset(PQconnectStartParams(names.data(), values.data(), 1));
  const auto until = std::chrono::steady_clock::now() + kCallMax;
  if (!connection_) return lost("no memory");
  if (const auto connected = finish_connecting(until); !connected) return connected;
  PQsetNoticeReceiver(connection_.get(), say_nothing, nullptr);
  PQsetnonblocking(connection_.get(), 1);
  return limit_calls(kCallMax);
}

Status PostgresDatabase::finish_connecting(Moment until) {
  for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
    if (next == PGRES_POLLING_FAILED || PQstatus(connection_.get()) == CONNECTION_BAD) {
      auto error = connect_error();
      connection_.reset();
      return error;
    }
    if (const auto ready = wait(next == PGRES_POLLING_WRITING, until); !ready) return ready;
    next = PQconnectPoll(connection_.get());
  }
  return {};
}

Error PostgresDatabase::connect_error() const {
  auto error = unavailable(PQerrorMessage(connection_.get()));
  // There is no code of an error of the connection, but its text begins with the server's severity:
  // whatever the server says but "starting up", "shutting down" and "too many" stays as it is.
  for (const char* cause :
       {"password authentication failed", "no password supplied", "no pg_hba.conf entry",
        "does not exist", "is not permitted", "invalid port number", "invalid integer value",
        "invalid sslmode value"}) {
    if (error.detail.find(cause) == std::string::npos) continue;
    // A socket's file that does not exist is a server that does not run.
    if (error.detail.find("No such file") != std::string::npos) continue;
    return {Fault::kInvalidField, "DATABASE_URL is refused by " + error.detail, "DATABASE_URL"};
  }
  return error;
}

bool PostgresDatabase::is_connected() {
  if (!connection_) return false;
  // Nothing is asked, so what comes is a goodbye, and then the end.
  for (;;) {
    pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
    if (poll(&socket, 1, 0) == 0) return true;
    if (PQconsumeInput(connection_.get()) == 1 && PQstatus(connection_.get()) == CONNECTION_OK)
      continue;
    (void)lost("");
    return false;
  }
}

Status PostgresDatabase::wait(bool to_write, Moment until) {
  const short events = to_write ? POLLIN | POLLOUT : POLLIN;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      went_silent_ = true;
      return lost("no answer in time");
    }
    pollfd socket{PQsocket(connection_.get()), events, 0};
    const int ready = poll(&socket, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return lost("the connection cannot be waited for");
  }
}

Status PostgresDatabase::flush(Moment until) {
  for (;;) {
    const int left = PQflush(connection_.get());
    if (left == 0) return {};
    if (left < 0) return lost(PQerrorMessage(connection_.get()));
    if (const auto ready = wait(true, until); !ready) return ready;
    // The server may write before it reads on.
    if (PQconsumeInput(connection_.get()) == 0) return lost(PQerrorMessage(connection_.get()));
  }
}

Result<PostgresDatabase::Answer> PostgresDatabase::next_answer(Moment until) {
  while (PQisBusy(connection_.get())) {
    if (const auto ready = wait(false, until); !ready) return ready.error();
    if (PQconsumeInput(connection_.get()) == 0) return lost(PQerrorMessage(connection_.get()));
  }
  return Answer(PQgetResult(connection_.get()));
}

Result<PostgresDatabase::Answer> PostgresDatabase::answer_to_query(Moment until) {
  if (const auto flushed = flush(until); !flushed) return flushed.error();
  Answer last;
  std::optional<Error> failed;
  for (;;) {
    auto answer = next_answer(until);
    if (!answer) return answer.error();
    if (!*answer) break;
    if (is_error(answer->get()) && !failed) failed = error_of(answer->get());
    last = std::move(*answer);
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) return lost("the connection is closed");
  if (failed) return *failed;
  if (!last) return lost("no answer");
  return last;
}

Result<SqlRows> PostgresDatabase::query(const SqlStatement& statement) {
  if (!connection_) return unavailable("not connected");
  const Parameters parameters(statement.values);
  if (!PQsendQueryParams(connection_.get(), statement.text.c_str(), parameters.count(),
                         parameters.types(), parameters.values(), nullptr, nullptr, 0))
    return lost(PQerrorMessage(connection_.get()));
  const auto answer = answer_to_query(call_end());
  if (!answer) return answer.error();
  return rows_of(answer->get());
}

Status PostgresDatabase::run_script(const std::string& text) {
  if (!connection_) return unavailable("not connected");
  if (!PQsendQuery(connection_.get(), text.c_str())) return lost(PQerrorMessage(connection_.get()));
  const auto answer = answer_to_query(call_end());
  if (!answer) return answer.error();
  return {};
}

Result<std::string> PostgresDatabase::prepared(const SqlStatement& statement) {
  const auto found = prepared_.find(statement.text);
  if (found != prepared_.end()) return found->second;
  const auto name = "s" + std::to_string(prepared_.size());
  const Parameters parameters(statement.values);
  if (!PQsendPrepare(connection_.get(), name.c_str(), statement.text.c_str(), parameters.count(),
                     parameters.types()))
    return lost(PQerrorMessage(connection_.get()));
  const auto answer = answer_to_query(call_end());
  if (!answer) return answer.error();
  prepared_.emplace(statement.text, name);
  return name;
}

Status PostgresDatabase::run_all(const std::vector<SqlStatement>& statements) {
  if (!connection_) return unavailable("not connected");
  if (statements.empty()) return {};
  for (const auto& statement : statements) {
    if (const auto name = prepared(statement); !name) return name.error();
  }
  if (!PQenterPipelineMode(connection_.get())) return lost(PQerrorMessage(connection_.get()));
  const auto until = call_end();
  if (const auto sent = send_pipeline(statements); !sent) return sent;
  if (const auto flushed = flush(until); !flushed) return flushed;
  const auto ran = read_pipeline(statements.size(), until);
  if (connection_ && !PQexitPipelineMode(connection_.get()))
    return lost(PQerrorMessage(connection_.get()));
  return ran;
}

Status PostgresDatabase::send_pipeline(const std::vector<SqlStatement>& statements) {
  for (const auto& statement : statements) {
    const Parameters parameters(statement.values);
    const auto& name = prepared_.at(statement.text);
    if (!PQsendQueryPrepared(connection_.get(), name.c_str(), parameters.count(),
                             parameters.values(), nullptr, nullptr, 0))
      return lost(PQerrorMessage(connection_.get()));
  }
  if (!PQpipelineSync(connection_.get())) return lost(PQerrorMessage(connection_.get()));
  return {};
}

// The answers are one for each statement with nothing after it, then one for the end.
Status PostgresDatabase::read_pipeline(std::size_t count, Moment until) {
  std::optional<Error> failed;
  for (std::size_t answers = 0; answers < count;) {
    const auto answer = next_answer(until);
    if (!answer) return answer.error();
    if (!*answer) {
      if (PQstatus(connection_.get()) != CONNECTION_OK) return lost("the connection is closed");
      ++answers;
    } else if (is_error(answer->get()) && !failed) {
      failed = error_of(answer->get());
      if (PQstatus(connection_.get()) != CONNECTION_OK) return lost(failed->detail);
    }
  }
  const auto end = next_answer(until);
  if (!end) return end.error();
  if (PQresultStatus(end->get()) != PGRES_PIPELINE_SYNC) return lost("an answer too many");
  if (failed) return *failed;
  return {};
}

Status PostgresDatabase::begin() {
  return run_script("BEGIN");
}

Status PostgresDatabase::commit() {
  return run_script("COMMIT");
}

void PostgresDatabase::roll_back() {
  // With the connection the transaction is gone anyway.
  if (connection_) (void)run_script("ROLLBACK");
}

Status PostgresDatabase::lock_schema() {
  if (const auto limited = limit_calls(Duration{600'000}); !limited) return limited;
  return run_script(kLockSchema);
}

std::string PostgresDatabase::now_ms() const {
  return "CAST(extract(epoch FROM now()) * 1000 AS BIGINT)";
}

Status PostgresDatabase::limit_calls(Duration most) {
  call_max_ = most;
  // The server gives up first: a statement that takes too long is no server that is gone.
  const auto ms = std::to_string(most.count() * 3 / 4);
  return run_script("SET statement_timeout = " + ms + "; SET lock_timeout = " + ms +
                    "; SET idle_in_transaction_session_timeout = " + ms);
}

}  // namespace pbaas::store
