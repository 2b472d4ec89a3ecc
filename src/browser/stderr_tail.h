// What a browser writes to its stderr: the line that says where it listens, and its last words for
// an error. Loop only.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/task.h"
#include "session/session.h"

namespace pbaas::browser {

// Reads "DevTools listening on ws://127.0.0.1:PORT/devtools/browser/GUID". Pure.
std::optional<session::BrowserAddress> parse_devtools_line(std::string_view line);

// As many of a program's last words go into an error.
inline constexpr std::size_t kLastWordsBytesMax = 1024;

// The last whole lines of `text` within `bytes_max`, without complaints about a missing desktop.
std::string last_words(std::string_view text, std::size_t bytes_max);

class StderrTail {
 public:
  using OnAddress = std::function<void(session::BrowserAddress)>;

  StderrTail(net::Loop& loop, UniqueFd fd, OnAddress on_address);
  ~StderrTail();
  StderrTail(const StderrTail&) = delete;
  StderrTail& operator=(const StderrTail&) = delete;

  // Reads what is there already, 64 KiB at most, then gives the last words. For when the browser
  // has ended.
  std::string finish();

 private:
  class Stream;
  std::shared_ptr<Stream> stream_;  // Shared with its read under way.
};

}  // namespace pbaas::browser
