// What a proxy must know of a response's head: whether it is the last one, how its body ends, and
// whether the connection lives on. The head itself is passed on as it came. Where two readers could
// differ, the connection is not used again, so that no byte of one response is taken for another's.
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "egress/body_walker.h"

namespace pbaas::egress {

// Half of what Chromium takes.
inline constexpr std::size_t kResponseHeadBytesMax = 128 * 1024;

struct ResponseHead {
  int status = 0;
  Framing body;
  bool keep_alive = false;

  bool is_interim() const { return status >= 100 && status < 200 && status != 101; }
};

// The length of the head at the start of `bytes`, its empty line included; 0 while it is not whole.
// None was found in the first `seen` of them before.
std::size_t response_head_length(std::string_view bytes, std::size_t seen = 0);

// `head` is whole. Nothing where it is not HTTP/1 or says two lengths. `bodiless` is of a HEAD
// request.
std::optional<ResponseHead> read_response_head(std::string_view head, bool bodiless);

}  // namespace pbaas::egress
