// A message of the pipe, read. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "browser/pipe_messages.h"

namespace pbaas::recording {

struct CdpMessage {
  std::string session;
  std::string method;           // of an event; empty: an answer
  std::int64_t id = 0;          // of what is answered
  bool is_error = false;        // the answer is a refusal
  boost::json::object content;  // parameters or result
};

// Nothing where it is not one. Of an event that was cut, what its head says of a WebSocket's frame.
std::optional<CdpMessage> read_message(const browser::PipeMessage& message);

// Whether a recorder has an answer to it, or may have: all but what Chromium tells of requests,
// which is the most by far. Of that it is the end where bodies are asked for.
bool may_be_answered(std::string_view text, bool asks_for_bodies);

}  // namespace pbaas::recording
