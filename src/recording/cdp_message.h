// A message of the pipe, read. Pure; any thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

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

}  // namespace pbaas::recording
