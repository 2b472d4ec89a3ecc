// A client of the Chrome DevTools Protocol on a browser's own pipe (--remote-debugging-pipe): JSON
// messages that each end with a NUL byte. It is the worker's, apart from the port that clients use.
// Closing it ends Chromium. Loop only. https://chromedevtools.github.io/devtools-protocol/
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "browser/pipe_messages.h"
#include "net/task.h"

namespace pbaas::browser {

// Calls with numbers from here on are a tap's own.
inline constexpr std::int64_t kTapIdMin = 1 << 30;

class CdpPipe {
 public:
  using OnEvent =
      std::function<void(const boost::json::object& params, const std::string& session)>;

  CdpPipe(net::Loop& loop, UniqueFd from_browser, UniqueFd to_browser);
  ~CdpPipe();
  CdpPipe(const CdpPipe&) = delete;
  CdpPipe& operator=(const CdpPipe&) = delete;

  // Gives `result`. `session` is the id of a flattened CDP session; empty: the browser itself.
  // Errors: kBrowserUnreachable where there is no answer by the deadline or the pipe closed,
  // kInternal where the browser answers with an error. Cancelling is safe.
  net::Task<Result<boost::json::object>> call(std::string method, boost::json::object params,
                                              Deadline deadline, std::string session = {});
  // One callback per method; an empty one stops it.
  void on_event(std::string method, OnEvent callback);
  // A tap gets every message of flattened sessions, unread and at once, but answers to `call`; it
  // is called on the loop and must not be slow. Long events reach it cut. It is told of the pipe's
  // end by an empty message. An empty one stops it.
  using Tap = std::function<void(PipeMessage message)>;
  void tap(Tap tap);
  // Sends a message as it is, with an id from kTapIdMin on. False where the pipe is closed, or the
  // browser reads too slowly; then nothing is sent.
  bool send(const std::string& message);
  bool is_open() const;
  // Calls that wait get kBrowserUnreachable.
  void close();

 private:
  class Stream;
  std::shared_ptr<Stream> stream_;  // Shared with its reads and writes under way.
};

}  // namespace pbaas::browser
