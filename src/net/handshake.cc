#include "net/handshake.h"

#include <algorithm>

#include "base/ascii.h"

namespace pbaas::net {
namespace {

bool is_base64(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

// 16 bytes in base64 are 22 digits, the last of which carries two bits, and two signs of padding.
bool is_key(std::string_view key) {
  constexpr std::string_view last_digits = "AQgw";
  return key.size() == 24 && key.ends_with("==") &&
         std::ranges::all_of(key.substr(0, 22), is_base64) &&
         last_digits.find(key[21]) != std::string_view::npos;
}

Response bad_upgrade(std::string detail) {
  return Response::problem({Fault::kBadUpgrade, std::move(detail)});
}

Response wrong_version() {
  auto response = Response::problem({Fault::kUpgradeRequired, "Sec-WebSocket-Version must be 13"});
  response.headers.set("Sec-WebSocket-Version", "13");
  response.headers.set("Upgrade", "websocket");
  response.headers.set("Connection", "upgrade");
  return response;
}

}  // namespace

bool has_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const auto& [each, value] : headers.all()) {
    if (!same_word(each, name)) continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(','), rest.size());
      if (same_word(trim(rest.substr(0, end)), token)) return true;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return false;
}

bool asks_for_websocket(const Headers& headers) {
  return has_token(headers, "Upgrade", "websocket");
}

std::optional<Response> refuse_handshake(const Request& request) {
  const auto& headers = request.headers;
  if (request.method != "GET") return bad_upgrade("a WebSocket handshake is a GET");
  if (!has_token(headers, "Connection", "upgrade")) {
    return bad_upgrade("a WebSocket handshake needs Connection: Upgrade");
  }
  if (headers.count("Sec-WebSocket-Version") > 1) {
    return bad_upgrade("a WebSocket handshake has one Sec-WebSocket-Version");
  }
  if (headers.get("Sec-WebSocket-Version") != "13") return wrong_version();
  const auto key = headers.get("Sec-WebSocket-Key");
  if (headers.count("Sec-WebSocket-Key") != 1 || !is_key(*key)) {
    return bad_upgrade("a WebSocket handshake has one Sec-WebSocket-Key of 16 bytes in base64");
  }
  return std::nullopt;
}

}  // namespace pbaas::net
