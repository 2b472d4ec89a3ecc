// Request targets. What is taken has one normal path, which reads back as itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "net/url.h"

namespace net = pbaas::net;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto target = net::parse_target(text);
  if (!target) return 0;
  const auto& path = target->path;
  if (!path.starts_with('/') || path.find("//") != path.npos) std::abort();
  if (path.find('\0') != path.npos || !net::is_utf8(path)) std::abort();
  if ((path + "/").find("/../") != path.npos) std::abort();
  for (const auto& [name, value] : target->query) {
    if (!net::is_utf8(name) || !net::is_utf8(value)) std::abort();
  }
  return 0;
}
