#include "browser/cdp_pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::browser {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

// What may wait to be written: a browser that reads nothing must not grow this process.
constexpr std::size_t kUnsentBytesMax = 16u << 20;
// Read per turn of the loop, so that a long message does not keep others waiting.
constexpr std::size_t kReadBytes = 64 * 1024;
// A page decides how deep a value is that Chromium describes; Boost.JSON's 32 are soon reached.
constexpr std::size_t kDepthMax = 256;

struct PendingCall {
  explicit PendingCall(net::Loop& loop) : answered(loop) {}
  net::Event answered;
  std::optional<Result<json::object>> answer;
};

Error closed_error() {
  return {Fault::kBrowserUnreachable, "the browser's pipe is closed"};
}

Result<json::object> answer_of(json::object& message) {
  if (auto* error = message.if_contains("error")) {
    return Error{Fault::kInternal, "the browser refused: " + json::serialize(*error)};
  }
  auto* result = message.if_contains("result");
  if (!result || !result->is_object()) return json::object{};
  return std::move(result->as_object());
}

}  // namespace

class CdpPipe::Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(net::Loop& loop, UniqueFd from_browser, UniqueFd to_browser)
      : loop_(loop), reader_(loop, from_browser.release()), writer_(loop, to_browser.release()) {
    reader_.non_blocking(true);
    writer_.non_blocking(true);
  }

  net::Task<Result<json::object>> call(std::string method, json::object params, Deadline deadline,
                                       std::string session) {
    const auto self = shared_from_this();
    if (!is_open()) co_return closed_error();
    const std::int64_t id = ++last_id_;
    json::object message{{"id", id}, {"method", method}, {"params", std::move(params)}};
    if (!session.empty()) message["sessionId"] = session;
    if (!send(json::serialize(message))) co_return closed_error();
    PendingCall pending(loop_);
    const Registration registered(*this, id, pending);
    const bool answered = co_await pending.answered.wait(deadline);
    if (answered) co_return std::move(*pending.answer);
    co_return Error{Fault::kBrowserUnreachable,
                    "the browser did not answer " + method + " in time"};
  }

  void on_event(std::string method, OnEvent callback) {
    events_[std::move(method)] = std::move(callback);
  }

  void tap(Tap tap) {
    tap_ = std::move(tap);
    framer_.cut_events(tap_ != nullptr);
  }

  bool is_open() const { return reader_.is_open(); }

  void close() {
    if (!is_open()) return;
    boost::system::error_code ignored;
    reader_.close(ignored);
    writer_.close(ignored);
    events_.clear();
    unsent_.clear();
    for (const auto& [id, pending] : pending_) {
      pending->answer = closed_error();
      pending->answered.set();
    }
    pending_.clear();
    if (const auto tap = std::exchange(tap_, nullptr)) tap({});
  }

  bool send(const std::string& text) {
    if (!is_open() || unsent_.size() + writing_.size() + text.size() > kUnsentBytesMax)
      return false;
    unsent_.append(text);
    unsent_.push_back('\0');
    if (writing_.empty()) write();
    return true;
  }

  void read() {
    reader_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (!error && self->is_open()) self->on_readable();
                       });
  }

 private:
  // A call is in the table as long as its coroutine waits, however that ends.
  struct Registration {
    Registration(Stream& owner, std::int64_t call, PendingCall& pending) : stream(owner), id(call) {
      stream.pending_[id] = &pending;
    }
    ~Registration() { stream.pending_.erase(id); }
    Stream& stream;
    std::int64_t id;
  };

  void on_readable() {
    std::array<char, kReadBytes> buffer;
    const ssize_t got = ::read(reader_.native_handle(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return read();
    if (got <= 0) return close();
    take({buffer.data(), static_cast<std::size_t>(got)});
    if (is_open()) read();
  }

  void take(std::string_view bytes) {
    const bool sound = framer_.take(bytes, [this](PipeMessage message) {
      if (is_tapped(message.text)) {
        tap_(std::move(message));
      } else {
        take_message(message.text);
      }
      return is_open();
    });
    if (!sound) close();
  }

  bool is_tapped(std::string_view text) const {
    if (!tap_ || session_of(text).empty()) return false;
    const auto id = answered_id(text);
    return !id || *id >= kTapIdMin;
  }

  void take_message(const std::string& text) {
    if (text.size() > kPipeOwnMessageBytesMax) return count_unreadable(text.size());
    json::parse_options options;
    options.max_depth = kDepthMax;
    boost::system::error_code error;
    auto value = json::parse(text, error, {}, options);
    if (error || !value.is_object()) return count_unreadable(text.size());
    auto& message = value.as_object();
    if (const auto* id = message.if_contains("id"); id && id->is_int64()) {
      const auto found = pending_.find(id->as_int64());
      if (found == pending_.end()) return;  // Its caller waits no longer.
      found->second->answer = answer_of(message);
      found->second->answered.set();
      return;
    }
    tell_event(message);
  }

  // What a page makes Chromium say must not end its browser, nor fill the log.
  void count_unreadable(std::size_t bytes) {
    if (!std::has_single_bit(++unreadable_)) return;
    log::warn("pipe_unreadable", {{"bytes", bytes}, {"messages", unreadable_}});
  }

  void tell_event(const json::object& message) {
    const auto* method = message.if_contains("method");
    if (!method || !method->is_string()) return;
    const auto found = events_.find(std::string(method->as_string()));
    if (found == events_.end() || !found->second) return;
    const auto* params = message.if_contains("params");
    const auto* session = message.if_contains("sessionId");
    const auto callback = found->second;  // It may change the table.
    callback(params && params->is_object() ? params->as_object() : json::object{},
             session && session->is_string() ? std::string(session->as_string()) : std::string());
  }

  void write() {
    writing_ = std::exchange(unsent_, {});
    asio::async_write(
        writer_, asio::buffer(writing_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
          self->writing_.clear();
          if (error) return self->close();
          if (!self->unsent_.empty()) self->write();
        });
  }

  net::Loop& loop_;
  asio::posix::stream_descriptor reader_;
  asio::posix::stream_descriptor writer_;
  std::int64_t last_id_ = 0;
  std::uint64_t unreadable_ = 0;
  PipeFramer framer_;
  Tap tap_;
  std::string writing_;
  std::string unsent_;
  std::map<std::int64_t, PendingCall*> pending_;
  std::map<std::string, OnEvent> events_;
};

CdpPipe::CdpPipe(net::Loop& loop, UniqueFd from_browser, UniqueFd to_browser)
    : stream_(std::make_shared<Stream>(loop, std::move(from_browser), std::move(to_browser))) {
  stream_->read();
}

CdpPipe::~CdpPipe() {
  stream_->close();
}

net::Task<Result<json::object>> CdpPipe::call(std::string method, json::object params,
                                              Deadline deadline, std::string session) {
  return stream_->call(std::move(method), std::move(params), deadline, std::move(session));
}

void CdpPipe::on_event(std::string method, OnEvent callback) {
  stream_->on_event(std::move(method), std::move(callback));
}

void CdpPipe::tap(Tap tap) {
  stream_->tap(std::move(tap));
}

bool CdpPipe::send(const std::string& message) {
  return stream_->send(message);
}

bool CdpPipe::is_open() const {
  return stream_->is_open();
}

void CdpPipe::close() {
  stream_->close();
}

}  // namespace pbaas::browser
