#include "browser/stderr_tail.h"

#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <charconv>
#include <vector>

namespace pbaas::browser {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kKeptBytes = 4096;
// 64 KiB, what a pipe holds: whoever else has its other end may write for ever.
constexpr std::size_t kLastReadsMax = 64 * 1024 / kKeptBytes;
constexpr std::string_view kListening = "DevTools listening on ws://127.0.0.1:";
constexpr std::string_view kPath = "/devtools/browser/";

// Chromium says these on every machine without a desktop or a graphics card.
bool is_noise(std::string_view line) {
  return line.empty() || line.find("dbus") != line.npos || line.find("vaapi") != line.npos ||
         line.starts_with("DevTools listening");
}

}  // namespace

std::optional<session::BrowserAddress> parse_devtools_line(std::string_view line) {
  if (!line.starts_with(kListening)) return {};
  line.remove_prefix(kListening.size());
  session::BrowserAddress address;
  const auto [end, error] =
      std::from_chars(line.data(), line.data() + line.size(), address.debug_port);
  if (error != std::errc() || address.debug_port < 1 || address.debug_port > 65535) return {};
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!line.starts_with(kPath)) return {};
  address.guid = line.substr(kPath.size());
  if (address.guid.empty()) return {};
  return address;
}

std::string last_words(std::string_view text, std::size_t bytes_max) {
  std::vector<std::string_view> lines;
  std::size_t bytes = 0;
  while (!text.empty()) {
    while (text.ends_with('\n')) text.remove_suffix(1);
    const auto before = text.rfind('\n');
    const auto line = before == text.npos ? text : text.substr(before + 1);
    text = before == text.npos ? std::string_view() : text.substr(0, before);
    if (is_noise(line)) continue;
    if (bytes + line.size() + 1 > bytes_max) break;
    bytes += line.size() + 1;
    lines.push_back(line);
  }
  std::string words;
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!words.empty()) words += '\n';
    words += *line;
  }
  return words;
}

class StderrTail::Stream : public std::enable_shared_from_this<Stream> {
 public:
  Stream(net::Loop& loop, UniqueFd fd, OnAddress on_address)
      : reader_(loop, fd.release()), on_address_(std::move(on_address)) {
    reader_.non_blocking(true);
  }

  void wait() {
    reader_.async_wait(asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (error || !self->reader_.is_open()) return;
                         if (self->read_some()) self->wait();
                       });
  }

  void close() {
    on_address_ = nullptr;
    boost::system::error_code ignored;
    reader_.close(ignored);
  }

  std::string finish() {
    std::size_t reads = 0;
    while (reads++ < kLastReadsMax && reader_.is_open() && read_some()) {
      if (is_dry_) break;
    }
    close();
    return last_words(kept_, kLastWordsBytesMax);
  }

 private:
  // Gives false at the end. The descriptor may be closed by whoever is told the address.
  bool read_some() {
    std::array<char, kKeptBytes> buffer;
    const ssize_t got = ::read(reader_.native_handle(), buffer.data(), buffer.size());
    is_dry_ = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (is_dry_) return true;
    if (got <= 0) {
      boost::system::error_code ignored;
      reader_.close(ignored);
      return false;
    }
    kept_.append(buffer.data(), static_cast<std::size_t>(got));
    if (on_address_) look_for_address();
    if (kept_.size() > kKeptBytes) kept_.erase(0, kept_.size() - kKeptBytes);
    return reader_.is_open();
  }

  void look_for_address() {
    const std::string_view text = kept_;
    for (auto at = text.find(kListening); at != text.npos; at = text.find(kListening, at + 1)) {
      const auto end = text.find('\n', at);
      if (end == text.npos) return;
      const auto address = parse_devtools_line(text.substr(at, end - at));
      if (!address) continue;
      const auto tell = std::exchange(on_address_, nullptr);
      return tell(*address);
    }
  }

  asio::posix::stream_descriptor reader_;
  OnAddress on_address_;
  std::string kept_;
  bool is_dry_ = false;
};

StderrTail::StderrTail(net::Loop& loop, UniqueFd fd, OnAddress on_address)
    : stream_(std::make_shared<Stream>(loop, std::move(fd), std::move(on_address))) {
  stream_->wait();
}

StderrTail::~StderrTail() {
  stream_->close();
}

std::string StderrTail::finish() {
  return stream_->finish();
}

}  // namespace pbaas::browser
