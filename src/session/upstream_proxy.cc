#include "session/upstream_proxy.h"

#include <algorithm>

#include "base/ascii.h"
#include "session/field_error.h"

namespace pbaas::session {
namespace {

namespace json = boost::json;

constexpr std::size_t kServerBytesMax = 512;
constexpr std::size_t kSecretBytesMax = 255;  // what SOCKS 5 can carry, RFC 1929
constexpr std::size_t kBypassBytesMax = 8192;
constexpr std::size_t kBypassRulesMax = 256;
constexpr std::string_view kMask = "***";

Error refused(std::string path, std::string_view takes) {
  std::string detail = path + " has a value it does not take; it takes ";
  return {Fault::kInvalidField, detail.append(takes), std::move(path)};
}

std::string_view scheme_of(ProxyKind kind) {
  switch (kind) {
    case ProxyKind::kHttp:
      return "http";
    case ProxyKind::kSocks5:
      return "socks5";
  }
  return "";
}

constexpr int default_port(ProxyKind kind) {
  return kind == ProxyKind::kHttp ? 80 : 1080;
}

// Without a scheme it is an HTTP proxy, as in browsers.
bool read_server_text(std::string_view text, UpstreamProxy& proxy) {
  if (const auto mark = text.find("://"); mark != std::string_view::npos) {
    const auto scheme = text.substr(0, mark);
    if (same_word(scheme, "socks5"))
      proxy.kind = ProxyKind::kSocks5;
    else if (!same_word(scheme, "http"))
      return false;
    text.remove_prefix(mark + 3);
  }
  if (text.ends_with('/')) text.remove_suffix(1);
  auto server = parse_host_port(text, default_port(proxy.kind));
  if (server) proxy.server = std::move(*server);
  return server.has_value();
}

Status read_server(const json::object& object, UpstreamProxy& proxy) {
  const auto* value = object.if_contains("server");
  const auto* text = value ? value->if_string() : nullptr;
  if (text && text->size() <= kServerBytesMax && read_server_text(*text, proxy)) return {};
  return refused(
      "proxy.server",
      "http://host:port or socks5://host:port; user and password have fields of their own");
}

// Printable, because a line break or a NUL would end the field it is sent in.
bool is_secret(std::string_view text) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  return text.size() <= kSecretBytesMax && std::ranges::none_of(text, control);
}

Status read_secret(const json::object& object, std::string_view name, std::string& into) {
  const auto* value = object.if_contains(name);
  if (!value || value->is_null()) return {};
  const auto* text = value->if_string();
  const std::string path = "proxy." + std::string(name);
  if (!text || !is_secret(*text)) {
    return refused(path, "a string of at most 255 bytes without control characters");
  }
  into = std::string(*text);
  return {};
}

Status read_credentials(const json::object& object, UpstreamProxy& proxy) {
  if (const auto read = read_secret(object, "username", proxy.username); !read) return read;
  if (const auto read = read_secret(object, "password", proxy.password); !read) return read;
  // Basic credentials are split at the first colon, RFC 7617.
  if (proxy.kind == ProxyKind::kHttp && proxy.username.find(':') != std::string::npos)
    return refused("proxy.username", "a name without a colon");
  if (proxy.username.empty() && !proxy.password.empty())
    return refused("proxy.password", "a string beside proxy.username");
  // RFC 1929 has no empty password.
  if (proxy.kind == ProxyKind::kSocks5 && proxy.username.empty() != proxy.password.empty())
    return refused("proxy.password", "at least one byte where a SOCKS proxy has a proxy.username");
  return {};
}

Status read_bypass(const json::object& object, UpstreamProxy& proxy) {
  const auto* value = object.if_contains("bypass");
  if (!value || value->is_null()) return {};
  const auto* text = value->if_string();
  auto bypass = text ? ProxyBypass::parse(*text) : std::nullopt;
  if (!bypass) {
    return refused("proxy.bypass",
                   "hosts, *.domains and networks, separated by commas, at most 256 of them");
  }
  proxy.bypass = std::move(*bypass);
  return {};
}

}  // namespace

std::optional<ProxyBypass::Rule> ProxyBypass::parse_rule(std::string_view text) {
  Rule rule;
  rule.network = Network::parse(text);
  if (rule.network) return rule;
  if (text.starts_with("*.")) text.remove_prefix(1);
  if (text.starts_with('.')) {
    rule.below = true;
    text.remove_prefix(1);
  }
  // A port that nobody gives stands for none.
  constexpr int kAnyPort = 65'536;
  const auto place = parse_host_port(text, kAnyPort);
  if (!place || (rule.below && place->address)) return std::nullopt;
  if (place->address) rule.network = Network::parse(place->address->text());
  rule.name = place->host;
  rule.port = place->port == kAnyPort ? 0 : place->port;
  return rule;
}

std::optional<ProxyBypass> ProxyBypass::parse(std::string_view text) {
  if (text.size() > kBypassBytesMax) return std::nullopt;
  ProxyBypass bypass;
  bypass.text_ = std::string(text);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item.empty()) continue;
    auto rule = parse_rule(item);
    if (!rule || bypass.rules_.size() == kBypassRulesMax) return std::nullopt;
    bypass.rules_.push_back(std::move(*rule));
  }
  return bypass;
}

bool ProxyBypass::holds(const HostPort& destination) const {
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (rule.port != 0 && rule.port != destination.port) return false;
    if (rule.network) return destination.address && rule.network->holds(*destination.address);
    if (destination.address) return false;
    return rule.below ? destination.host.ends_with("." + rule.name) : destination.host == rule.name;
  });
}

Result<UpstreamProxy> read_upstream_proxy(const json::value& value) {
  const auto* object = value.if_object();
  if (!object) return refused("proxy", "an object of server, username, password, bypass");
  for (const auto& [name, unused] : *object) {
    if (name != "server" && name != "username" && name != "password" && name != "bypass")
      return unknown_field("proxy", name, "server, username, password, bypass");
  }
  UpstreamProxy proxy;
  if (const auto read = read_server(*object, proxy); !read) return read.error();
  if (const auto read = read_credentials(*object, proxy); !read) return read.error();
  if (const auto read = read_bypass(*object, proxy); !read) return read.error();
  return proxy;
}

json::object to_json(const UpstreamProxy& proxy, Secrets secrets) {
  const auto shown = [&](const std::string& secret) -> json::value {
    if (secret.empty()) return nullptr;
    return secrets == Secrets::kShown ? json::value(secret) : json::value(kMask);
  };
  const auto bypass = proxy.bypass.text();
  return {{"server", std::string(scheme_of(proxy.kind)) + "://" + proxy.server.text()},
          {"username", shown(proxy.username)},
          {"password", shown(proxy.password)},
          {"bypass", bypass.empty() ? json::value(nullptr) : json::value(bypass)}};
}

}  // namespace pbaas::session
