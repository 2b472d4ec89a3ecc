// Whole requests: the strict check, then the parser. What the check lets through must frame as the
// parser says, and nothing may crash or leak.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/head_check.h"
#include "net/http_parser.h"
#include "net/url.h"

namespace net = pbaas::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const net::HeadLimits limits;
  const auto length = net::head_length(bytes);
  // A head that drips in is refused, if at all, for what a whole one is refused for.
  const bool partial_passes = net::check_partial_head(bytes.substr(0, length), limits).has_value();
  if (length == 0) return 0;
  const auto head = bytes.substr(0, length);
  if (!net::check_head(head, limits)) return 0;
  if (!partial_passes) std::abort();

  net::RequestParser parser(4096);
  if (!parser.take_head(head)) return 0;
  auto rest = bytes.substr(length);
  while (!parser.done()) {
    const auto taken = parser.take_body(rest);
    if (!taken || *taken == 0) return 0;
    if (*taken > rest.size()) std::abort();
    rest.remove_prefix(*taken);
  }
  const auto request = parser.take();
  if (request.body.size() > 4096) std::abort();
  if (head.find(request.target) == std::string_view::npos) std::abort();
  (void)net::parse_target(request.target);
  return 0;
}
