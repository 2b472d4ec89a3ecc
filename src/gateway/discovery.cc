#include "gateway/discovery.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cctype>

#include "gateway/host.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;

// "ws://127.0.0.1:9222/devtools/page/X" to "/devtools/page/X".
std::string_view path_of(std::string_view url) {
  const auto authority = url.find("://");
  const auto path =
      authority == std::string_view::npos ? url.find('/') : url.find('/', authority + 3);
  return path == std::string_view::npos ? std::string_view("/") : url.substr(path);
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~') {
      encoded.push_back(c);
    } else {
      encoded += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return encoded;
}

void rewrite_object(json::object& object, const DiscoveryUrls& urls) {
  const auto* found = object.if_contains("webSocketDebuggerUrl");
  if (found == nullptr || !found->is_string()) return;
  const std::string suffix = urls.token.empty() ? "" : "?token=" + percent_encode(urls.token);
  const std::string url =
      websocket_base(urls.session_url) + std::string(path_of(found->as_string())) + suffix;
  object["webSocketDebuggerUrl"] = url;
  if (!object.contains("devtoolsFrontendUrl")) return;
  // The front end bundled with every Chromium takes the address without its scheme, as ws= or wss=.
  const auto scheme_end = url.find("://");
  object["devtoolsFrontendUrl"] = "devtools://devtools/bundled/inspector.html?" +
                                  url.substr(0, scheme_end) + "=" +
                                  percent_encode(url.substr(scheme_end + 3));
}

}  // namespace

void rewrite_discovery(json::value& document, const DiscoveryUrls& urls) {
  if (auto* object = document.if_object()) return rewrite_object(*object, urls);
  auto* array = document.if_array();
  if (array == nullptr) return;
  for (auto& each : *array) {
    if (auto* object = each.if_object()) rewrite_object(*object, urls);
  }
}

}  // namespace pbaas::gateway
