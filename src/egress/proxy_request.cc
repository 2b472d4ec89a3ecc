#include "egress/proxy_request.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "egress/head_fields.h"

namespace pbaas::egress {
namespace {

constexpr int kHttpPort = 80;
// Every field of the head is looked for in it.
constexpr std::size_t kConnectionListMax = 1024;

// Fields between two hops, which are not passed on; nor are those that Connection names.
constexpr std::array<std::string_view, 6> kHopFields{
    "connection", "proxy-connection", "keep-alive", "proxy-authorization", "te", "host"};

Error malformed(std::string detail) {
  return {Fault::kMalformedHttp, std::move(detail)};
}

struct RequestLine {
  std::string_view method;
  std::string_view target;
  std::string_view version;
};

// check_head has seen to it that there are three parts.
RequestLine split_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  return {line.substr(0, first), line.substr(first + 1, last - first - 1), line.substr(last + 1)};
}

Status read_destination(std::string_view authority, int default_port, ProxyRequest& request) {
  auto destination = parse_host_port(authority, default_port);
  if (!destination) return malformed("the destination is not a host and a port");
  request.destination = std::move(*destination);
  return {};
}

Status read_url(std::string_view target, ProxyRequest& request) {
  constexpr std::string_view scheme = "http://";
  if (target.size() < scheme.size() || !same_word(target.substr(0, scheme.size()), scheme)) {
    return malformed("a proxy takes CONNECT, or a URL that begins with http://");
  }
  const auto after = target.substr(scheme.size());
  const auto end = std::min(after.find_first_of("/?"), after.size());
  const auto read = read_destination(after.substr(0, end), kHttpPort, request);
  if (!read) return read;
  request.url = std::string(target);
  request.path = std::string(after.substr(end));
  if (!request.path.starts_with('/')) request.path.insert(0, 1, '/');
  return {};
}

// What the fields say of the connection and the body.
struct Meaning {
  std::string connection;  // every Connection field, as one list
  bool has_upgrade = false;
  Framing body;
};

Meaning meaning_of(std::string_view fields) {
  Meaning meaning;
  for (auto line = take_line(fields); !line.empty(); line = take_line(fields)) {
    const auto field = field_of(line);
    if (same_word(field.name, "connection") || same_word(field.name, "proxy-connection")) {
      meaning.connection.append(field.value).append(",");
    } else if (same_word(field.name, "upgrade")) {
      meaning.has_upgrade = true;
    } else if (same_word(field.name, "transfer-encoding")) {
      meaning.body = {.kind = Framing::Kind::kChunked};
    } else if (same_word(field.name, "content-length")) {
      meaning.body.kind = Framing::Kind::kLength;
      std::from_chars(field.value.data(), field.value.data() + field.value.size(),
                      meaning.body.length);
    }
  }
  return meaning;
}

bool is_passed_on(const HeadField& field, const Meaning& meaning, bool upgrades) {
  const auto same = [&](std::string_view name) { return same_word(field.name, name); };
  if (std::ranges::any_of(kHopFields, same)) return false;
  if (same("upgrade")) return upgrades;
  // What frames the body is passed on even where somebody lists it.
  if (same("transfer-encoding") || same("content-length")) return true;
  return !lists_word(meaning.connection, field.name);
}

std::string authority_text(const HostPort& destination) {
  const auto text = destination.text();
  if (destination.port != kHttpPort) return text;
  return text.substr(0, text.rfind(':'));
}

std::string rest_of_head(std::string_view version, std::string_view fields, const Meaning& meaning,
                         const ProxyRequest& request) {
  std::string rest = " ";
  rest.append(version).append("\r\n");
  // Of the URL, whatever Host said: RFC 9112 section 3.2.2.
  rest.append("Host: ").append(authority_text(request.destination)).append("\r\n");
  for (auto line = take_line(fields); !line.empty(); line = take_line(fields)) {
    const auto field = field_of(line);
    if (!is_passed_on(field, meaning, request.wants_upgrade)) continue;
    rest.append(line).append("\r\n");
  }
  if (request.wants_upgrade) rest += "Connection: Upgrade\r\n";
  if (version == "HTTP/1.0") rest += "Connection: close\r\n";
  return rest.append("\r\n");
}

}  // namespace

std::string ProxyRequest::head_for_proxy(std::string_view credentials) const {
  std::string head = method + " " + url + rest.substr(0, rest.find('\n') + 1);
  return head.append(credentials).append(rest, rest.find('\n') + 1);
}

Result<ProxyRequest> read_proxy_request(std::string_view head) {
  if (const auto checked = net::check_head(head, kProxyHeadLimits); !checked)
    return checked.error();
  auto fields = head;
  const auto line = split_line(take_line(fields));
  ProxyRequest request;
  request.method = std::string(line.method);
  if (line.method == "CONNECT") {
    const auto read = read_destination(line.target, 0, request);
    if (!read) return read.error();
    return request;
  }
  request.kind = ProxyRequest::Kind::kPlain;
  if (const auto read = read_url(line.target, request); !read) return read.error();
  const auto meaning = meaning_of(fields);
  if (meaning.connection.size() > kConnectionListMax)
    return malformed("Connection names too much; it may be 1 KiB");
  const bool is_http_11 = line.version == "HTTP/1.1";
  request.body = meaning.body;
  request.is_head = line.method == "HEAD";
  request.keep_alive = is_http_11 && !lists_word(meaning.connection, "close");
  request.wants_upgrade =
      is_http_11 && meaning.has_upgrade && lists_word(meaning.connection, "upgrade");
  request.rest = rest_of_head(line.version, fields, meaning, request);
  return request;
}

}  // namespace pbaas::egress
