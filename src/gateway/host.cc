#include "gateway/host.h"

#include <boost/asio/ip/address.hpp>

namespace pbaas::gateway {
namespace {

// "[::1]:8000" to "::1", "a.example:8000" to "a.example".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const auto end = host.find(']');
    return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

// The first of a list separated by commas: each proxy on the way appends its own.
std::string_view first_of(std::string_view list) {
  auto first = list.substr(0, list.find(','));
  while (first.ends_with(' ')) first.remove_suffix(1);
  return first;
}

}  // namespace

bool is_address_or_localhost(std::string_view host) {
  const auto name = without_port(host);
  if (name == "localhost") return true;
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

std::string origin_of(std::string_view url) {
  const auto authority = url.find("://");
  if (authority == std::string_view::npos) return {};
  return std::string(url.substr(0, url.find('/', authority + 3)));
}

std::string public_base(const net::Request& request, const PublicUrlConfig& config) {
  if (!config.public_url.empty()) return config.public_url;
  std::string scheme = "http";
  std::string host(request.headers.get("Host").value_or("localhost"));
  if (config.trust_forwarded) {
    if (request.headers.get("X-Forwarded-Proto").value_or("") == "https") scheme = "https";
    const auto forwarded = first_of(request.headers.get("X-Forwarded-Host").value_or(""));
    if (!forwarded.empty()) host = std::string(forwarded);
  }
  return scheme + "://" + host;
}

std::string websocket_base(std::string_view http_base) {
  return "ws" + std::string(http_base.substr(4));
}

}  // namespace pbaas::gateway
