#include "store/fleet_reply.h"

#include <charconv>
#include <utility>

namespace pbaas::store {
namespace {

constexpr int kRetryAfterS = 5;

Error strange() {
  return {Fault::kStoreUnavailable, "Redis holds what this version does not understand", "", 1};
}

// Reads the items of a list one after another; after the first that is not as expected it is
// failed, and gives nothing but defaults.
class Reader {
 public:
  explicit Reader(const RedisValue& list) : items_(list.items) {
    if (list.kind != RedisValue::Kind::kList) failed_ = true;
  }

  std::string text() {
    const auto* item = next();
    if (!item || item->kind != RedisValue::Kind::kText) return fail<std::string>();
    return item->text;
  }

  // Fields of a hash come back as text, what a script counted as an integer.
  std::int64_t number() {
    const auto* item = next();
    if (item && item->kind == RedisValue::Kind::kInteger) return item->integer;
    if (!item || item->kind != RedisValue::Kind::kText) return fail<std::int64_t>();
    std::int64_t value = 0;
    const char* last = item->text.data() + item->text.size();
    const auto [end, error] = std::from_chars(item->text.data(), last, value);
    return error == std::errc{} && end == last ? value : fail<std::int64_t>();
  }

  std::optional<SessionId> session() {
    auto id = SessionId::parse(text());
    if (!id) failed_ = true;
    return id;
  }

  bool failed() const { return failed_; }

 private:
  const RedisValue* next() { return at_ < items_.size() ? &items_[at_++] : nullptr; }
  template <typename T>
  T fail() {
    failed_ = true;
    return T{};
  }

  const std::vector<RedisValue>& items_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

Result<WorkerStatus> read_status(const RedisValue& reply) {
  Reader reader(reply);
  WorkerStatus status;
  status.worker.id = reader.text();
  status.worker.epoch = reader.text();
  status.worker.address = reader.text();
  status.capacity = static_cast<int>(reader.number());
  status.used = static_cast<int>(reader.number());
  const auto state = worker_state_from_word(reader.text());
  status.version = reader.text();
  status.warm = static_cast<int>(reader.number());
  if (reader.failed() || !state) return strange();
  status.state = *state;
  return status;
}

template <typename T, typename Read>
Result<std::vector<T>> read_all(const RedisValue& reply, Read read) {
  if (reply.kind != RedisValue::Kind::kList) return strange();
  std::vector<T> all;
  for (const auto& item : reply.items) {
    auto one = read(item);
    if (!one) return one.error();
    all.push_back(std::move(*one));
  }
  return all;
}

Result<SessionId> read_session(const RedisValue& reply) {
  const auto id = SessionId::parse(reply.text);
  if (!id) return strange();
  return *id;
}

}  // namespace

Result<Discrepancies> read_discrepancies(const RedisValue& reply) {
  if (reply.kind != RedisValue::Kind::kList || reply.items.size() != 2) return strange();
  auto unpublished = read_all<SessionId>(reply.items[1], read_session);
  if (!unpublished) return unpublished.error();
  return Discrepancies{std::move(*unpublished), static_cast<std::size_t>(reply.items[0].integer)};
}

Result<std::vector<std::string>> read_texts(const RedisValue& reply) {
  return read_all<std::string>(
      reply, [](const RedisValue& item) -> Result<std::string> { return item.text; });
}

Result<std::vector<WorkerStatus>> read_statuses(const RedisValue& reply) {
  return read_all<WorkerStatus>(reply, read_status);
}

Result<Placement> read_placement(const RedisValue& reply, std::size_t queue_limit) {
  if (reply.kind != RedisValue::Kind::kList) return strange();
  if (reply.items.empty()) {
    return Error{Fault::kQueueFull,
                 "all slots are in use and " + std::to_string(queue_limit) +
                     " creates wait already; try again later",
                 "", kRetryAfterS};
  }
  if (reply.items.size() == 1)
    return Placement{std::nullopt, static_cast<std::size_t>(reply.items[0].integer)};
  auto status = read_status(reply);
  if (!status) return status.error();
  return Placement{std::move(*status), 0};
}

Result<SessionPlace> read_place(const RedisValue& reply, Instant now) {
  if (reply.kind == RedisValue::Kind::kList && reply.items.empty())
    return Error{Fault::kNoSuchSession, "no worker has this session"};
  Reader reader(reply);
  const auto session = reader.session();
  WorkerRef worker;
  worker.id = reader.text();
  worker.epoch = reader.text();
  worker.address = reader.text();
  session::BrowserAddress browser;
  browser.debug_port = static_cast<int>(reader.number());
  browser.guid = reader.text();
  auto owner = reader.text();
  const Duration due_in{reader.number()};
  if (reader.failed()) return strange();
  return SessionPlace{*session, std::move(worker), std::move(browser), now + due_in,
                      std::move(owner)};
}

Result<std::vector<SessionPlace>> read_places(const RedisValue& reply, Instant now) {
  return read_all<SessionPlace>(reply,
                                [now](const RedisValue& item) { return read_place(item, now); });
}

Result<std::size_t> read_count(const RedisValue& reply) {
  if (reply.kind != RedisValue::Kind::kInteger || reply.integer < 0) return strange();
  return static_cast<std::size_t>(reply.integer);
}

}  // namespace pbaas::store
