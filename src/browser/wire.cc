#include "browser/wire.h"

#include <sys/socket.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/passed_fds.h"

namespace pbaas::browser {

namespace json = boost::json;

namespace {

// A lack of memory, for one, says nothing of the peer and passes. The last three are bugs of ours,
// and do not.
bool says_peer_gone(int error) {
  return error == ECONNRESET || error == EPIPE || error == ENOTCONN || error == EBADF ||
         error == ENOTSOCK;
}

json::array words_json(const std::vector<std::string>& words) {
  return json::array(words.begin(), words.end());
}

std::vector<std::string> words_from(const json::value& array) {
  std::vector<std::string> words;
  for (const auto& word : array.as_array()) words.emplace_back(word.as_string());
  return words;
}

struct OrderWriter {
  json::object operator()(const StartOrder& it) const {
    json::object environment;
    for (const auto& [name, value] : it.environment) environment[name] = value;
    return {{"type", "start"},
            {"id", it.id},
            {"folder", it.folder},
            {"sandbox", words_json(it.sandbox)},
            {"argv", words_json(it.argv)},
            {"environment", std::move(environment)}};
  }
  json::object operator()(const KillOrder& it) const { return {{"type", "kill"}, {"id", it.id}}; }
  json::object operator()(const PrepareOrder& it) const {
    return {{"type", "prepare"}, {"folder", it.folder}, {"sandbox", words_json(it.sandbox)}};
  }
};

StartOrder start_from(const json::object& message) {
  StartOrder order;
  order.id = message.at("id").to_number<std::uint64_t>();
  order.folder = message.at("folder").as_string();
  order.sandbox = words_from(message.at("sandbox"));
  order.argv = words_from(message.at("argv"));
  for (const auto& [name, value] : message.at("environment").as_object()) {
    order.environment[name] = value.as_string();
  }
  return order;
}

json::value number_or_null(const std::optional<std::int64_t>& number) {
  return number ? json::value(*number) : json::value(nullptr);
}

std::optional<std::int64_t> number_at(const json::object& message, std::string_view name) {
  const auto& value = message.at(name);
  if (value.is_null()) return std::nullopt;
  return value.to_number<std::int64_t>();
}

struct ReportWriter {
  json::object operator()(const Started& it) const {
    return {{"type", "started"}, {"id", it.id}, {"pid", it.pid}};
  }
  json::object operator()(const StartFailed& it) const {
    return {{"type", "failed"}, {"id", it.id}, {"detail", it.detail}};
  }
  json::object operator()(const Gone& it) const {
    return {{"type", "gone"},
            {"id", it.id},
            {"wait_status", it.wait_status},
            {"cpu_ms", it.cpu_ms},
            {"peak_rss_kb", it.peak_rss_kb},
            {"cgroup_cpu_ms", number_or_null(it.use.cpu_ms)},
            {"cgroup_peak_kb", number_or_null(it.use.peak_memory_kb)},
            {"limit", it.limit},
            {"early_words", it.early_words}};
  }
};

}  // namespace

json::object to_json(const Order& order) {
  return std::visit(OrderWriter{}, order);
}

json::object to_json(const Report& report) {
  return std::visit(ReportWriter{}, report);
}

Order order_from_json(const json::object& message) {
  const auto& type = message.at("type").as_string();
  if (type == "start") return start_from(message);
  if (type == "kill") return KillOrder{message.at("id").to_number<std::uint64_t>()};
  if (type == "prepare")
    return PrepareOrder{std::string(message.at("folder").as_string()),
                        words_from(message.at("sandbox"))};
  throw std::logic_error("an order of an unknown type");
}

Report report_from_json(const json::object& message) {
  const auto& type = message.at("type").as_string();
  const auto id = message.at("id").to_number<std::uint64_t>();
  if (type == "started") return Started{id, message.at("pid").to_number<pid_t>()};
  if (type == "failed") return StartFailed{id, std::string(message.at("detail").as_string())};
  if (type == "gone") {
    return Gone{id,
                message.at("wait_status").to_number<int>(),
                message.at("cpu_ms").to_number<std::int64_t>(),
                message.at("peak_rss_kb").to_number<long>(),
                {number_at(message, "cgroup_cpu_ms"), number_at(message, "cgroup_peak_kb")},
                std::string(message.at("limit").as_string()),
                std::string(message.at("early_words").as_string())};
  }
  throw std::logic_error("a report of an unknown type");
}

Result<Sent> send_packet(int socket, const json::object& message, const std::vector<int>& fds,
                         int flags) {
  std::string bytes = json::serialize(message);
  if (bytes.size() > kPacketBytesMax) {
    return Error{Fault::kLaunchFailed, "the command line and environment of the browser take " +
                                           std::to_string(bytes.size()) + " bytes; at most " +
                                           std::to_string(kPacketBytesMax) + " fit"};
  }
  if (send_passing(socket, std::as_bytes(std::span(bytes)), fds, flags)) return Sent::kYes;
  return says_peer_gone(errno) ? Sent::kPeerGone : Sent::kNotNow;
}

Received receive_packet(int socket, Packet& packet, int flags) {
  std::string bytes(kPacketBytesMax, '\0');
  auto passed = receive_passed(socket, std::as_writable_bytes(std::span(bytes)), flags);
  if (passed.bytes < 0 && !says_peer_gone(errno)) return Received::kNotNow;
  if (passed.bytes <= 0) return Received::kPeerGone;
  bytes.resize(static_cast<std::size_t>(passed.bytes));
  packet.fds = std::move(passed.fds);
  packet.message = json::parse(bytes).as_object();
  return Received::kPacket;
}

}  // namespace pbaas::browser
