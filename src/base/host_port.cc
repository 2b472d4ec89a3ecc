#include "base/host_port.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <vector>

#include "base/ascii.h"

namespace pbaas {
namespace {

// RFC 1035.
constexpr std::size_t kNameBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

std::vector<std::string_view> split_labels(std::string_view text) {
  std::vector<std::string_view> labels;
  for (;;) {
    const auto dot = text.find('.');
    labels.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    text.remove_prefix(dot + 1);
  }
}

// One number of an IPv4 address: decimal, octal with a leading 0, hexadecimal with 0x.
std::optional<std::uint64_t> number_of(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text.starts_with('0')) {
    base = 8;
    text.remove_prefix(1);
  }
  if (text.empty()) return base == 16 ? std::optional<std::uint64_t>(0) : std::nullopt;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// A host whose last label is a number is an IPv4 address, or nothing at all.
bool ends_in_number(std::string_view last) {
  return !last.empty() && (std::ranges::all_of(last, is_digit) || number_of(last).has_value());
}

std::optional<IpAddress> loose_ipv4(const std::vector<std::string_view>& labels) {
  if (labels.size() > 4) return std::nullopt;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto number = labels[i].empty() ? std::nullopt : number_of(labels[i]);
    if (!number) return std::nullopt;
    const bool is_last = i + 1 == labels.size();
    // The last number fills all that is left: 127.1 is 127.0.0.1.
    const std::uint64_t limit = is_last ? 1ull << 8 * (5 - labels.size()) : 256;
    if (*number >= limit) return std::nullopt;
    bits |= is_last ? *number : *number << 8 * (3 - i);
  }
  return IpAddress::v4(static_cast<std::uint32_t>(bits));
}

bool is_name_char(char c) {
  return is_letter(c) || is_digit(c) || c == '-' || c == '_';
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kLabelBytesMax &&
         std::ranges::all_of(label, is_name_char);
}

HostPort of_address(const IpAddress& address) {
  return {.host = address.text(), .address = address};
}

std::optional<HostPort> parse_brackets(std::string_view text) {
  if (!text.ends_with(']')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  const auto address = IpAddress::parse(text);
  if (!address || text.find(':') == std::string_view::npos) return std::nullopt;
  return of_address(*address);
}

std::optional<int> port_of(std::string_view text) {
  int port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (port < 1 || port > 65'535) return std::nullopt;
  return port;
}

}  // namespace

std::string HostPort::text() const {
  const bool is_v6 = address && !address->is_v4();
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<HostPort> parse_host(std::string_view text) {
  if (text.starts_with('[')) return parse_brackets(text);
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kNameBytesMax) return std::nullopt;
  std::string host(text);
  std::ranges::transform(host, host.begin(), to_lower);
  const auto labels = split_labels(host);
  if (ends_in_number(labels.back())) {
    const auto address = loose_ipv4(labels);
    return address ? std::optional(of_address(*address)) : std::nullopt;
  }
  if (!std::ranges::all_of(labels, is_label)) return std::nullopt;
  return HostPort{.host = std::move(host), .address = std::nullopt};
}

std::optional<HostPort> parse_host_port(std::string_view text, int default_port) {
  const auto bracket = text.rfind(']');
  const auto colon = text.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  const auto port = has_port ? port_of(text.substr(colon + 1))
                             : (default_port > 0 ? std::optional(default_port) : std::nullopt);
  auto parsed = parse_host(has_port ? text.substr(0, colon) : text);
  if (!parsed || !port) return std::nullopt;
  parsed->port = *port;
  return parsed;
}

}  // namespace pbaas
