// Where to connect to, and how: by TCP from here, or by a Dialer, which stands for whoever can make
// the connection.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "net/byte_stream.h"
#include "net/task.h"

namespace pbaas::net {

// Makes a connection to one certain place, such as a browser's debug port. It may be called after
// that place is gone, and then gives an error.
using Dialer = std::function<Task<Result<ByteStream>>()>;

struct Endpoint {
  std::string host;  // an IP address
  int port = 0;
  Dialer dial{};  // how it is reached, where that is not by TCP from here
};

}  // namespace pbaas::net
