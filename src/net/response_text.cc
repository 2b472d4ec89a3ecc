#include "net/response_text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace pbaas::net {
namespace {

// Not every status of the registry, but all that this program answers; for others the reason
// phrase is empty, which RFC 9112 §4 allows.
std::string_view phrase(int status) {
  using Row = std::pair<int, std::string_view>;
  constexpr std::array rows{
      Row{200, "OK"},
      Row{201, "Created"},
      Row{202, "Accepted"},
      Row{204, "No Content"},
      Row{206, "Partial Content"},
      Row{302, "Found"},
      Row{304, "Not Modified"},
      Row{307, "Temporary Redirect"},
      Row{400, "Bad Request"},
      Row{401, "Unauthorized"},
      Row{403, "Forbidden"},
      Row{404, "Not Found"},
      Row{405, "Method Not Allowed"},
      Row{408, "Request Timeout"},
      Row{409, "Conflict"},
      Row{410, "Gone"},
      Row{413, "Content Too Large"},
      Row{414, "URI Too Long"},
      Row{415, "Unsupported Media Type"},
      Row{416, "Range Not Satisfiable"},
      Row{422, "Unprocessable Content"},
      Row{426, "Upgrade Required"},
      Row{429, "Too Many Requests"},
      Row{431, "Request Header Fields Too Large"},
      Row{500, "Internal Server Error"},
      Row{501, "Not Implemented"},
      Row{502, "Bad Gateway"},
      Row{503, "Service Unavailable"},
      Row{504, "Gateway Timeout"},
  };
  const auto row = std::ranges::find(rows, status, &Row::first);
  return row == rows.end() ? std::string_view() : row->second;
}

void add_line(std::string& text, std::string_view name, std::string_view value) {
  text.append(name).append(": ");
  for (const char c : value) text += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
  text.append("\r\n");
}

// 426 names its Upgrade in Connection too, RFC 9110 §7.8.
std::string connection_value(const Response& response, Connection connection) {
  std::string value = connection == Connection::kClose ? "close" : "keep-alive";
  if (response.headers.has("Upgrade")) value += ", upgrade";
  return value;
}

// How the message is framed is decided here alone.
bool is_ours(const std::string& name) {
  Headers ours;
  for (const auto* each : {"Connection", "Content-Length", "Transfer-Encoding", "Keep-Alive"}) {
    ours.add(each, "");
  }
  return ours.has(name);
}

}  // namespace

bool has_body(int status) {
  return status >= 200 && status != 204 && status != 304;
}

std::string head_text(const Response& response, Connection connection) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(phrase(response.status)).append("\r\n");
  const auto& headers = response.headers;
  for (const auto& [name, value] : headers.all()) {
    if (!is_ours(name)) add_line(text, name, value);
  }
  if (has_body(response.status)) {
    if (!headers.has("Content-Type")) add_line(text, "Content-Type", "text/plain; charset=utf-8");
    const std::uint64_t bytes = response.source ? response.source->bytes : response.body.size();
    add_line(text, "Content-Length", std::to_string(bytes));
  }
  if (!headers.has("Cache-Control")) add_line(text, "Cache-Control", "no-store");
  if (!headers.has("X-Content-Type-Options")) {
    add_line(text, "X-Content-Type-Options", "nosniff");
  }
  add_line(text, "Connection", connection_value(response, connection));
  text.append("\r\n");
  return text;
}

}  // namespace pbaas::net
