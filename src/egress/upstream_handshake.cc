#include "egress/upstream_handshake.h"

#include <algorithm>
#include <utility>

#include "egress/response_head.h"

namespace pbaas::egress {
namespace {

constexpr std::size_t kHeadBytesMax = 16 * 1024;
// A proxy may say that it is still at work, and not so for ever.
constexpr int kInterimHeadsMax = 8;
constexpr char kSocksVersion = 5;
constexpr char kNoLogin = 0;
constexpr char kUserAndPassword = 2;

std::string base64(std::string_view bytes) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto group = bytes.substr(i, 3);
    unsigned bits = 0;
    for (std::size_t n = 0; n < 3; ++n)
      bits = bits << 8 | (n < group.size() ? static_cast<unsigned char>(group[n]) : 0);
    for (std::size_t n = 0; n < 4; ++n)
      text += n <= group.size() ? digits[bits >> (18 - 6 * n) & 63] : '=';
  }
  return text;
}

std::string with_length(std::string_view text) {
  return static_cast<char>(text.size()) + std::string(text);
}

std::string socks_address(const HostPort& destination) {
  if (!destination.address) return '\x03' + with_length(destination.host);
  const auto& bytes = destination.address->bytes();
  const bool is_v4 = destination.address->is_v4();
  return (is_v4 ? '\x01' : '\x04') + std::string(bytes.begin() + (is_v4 ? 12 : 0), bytes.end());
}

}  // namespace

std::string credentials_field(const session::UpstreamProxy& proxy) {
  if (proxy.username.empty()) return {};
  return "Proxy-Authorization: Basic " + base64(proxy.username + ":" + proxy.password) + "\r\n";
}

UpstreamHandshake::UpstreamHandshake(const session::UpstreamProxy& proxy,
                                     const HostPort& destination)
    : step_(Step::kHttpHead), destination_(destination) {
  const bool has_login = !proxy.username.empty();
  if (proxy.kind == session::ProxyKind::kHttp) {
    const auto where = destination.text();
    output_ = "CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n";
    output_ += credentials_field(proxy) + "\r\n";
    return;
  }
  step_ = Step::kSocksMethod;
  output_ = {kSocksVersion, 1, has_login ? kUserAndPassword : kNoLogin};
  if (has_login) login_ = '\x01' + with_length(proxy.username) + with_length(proxy.password);
}

std::string UpstreamHandshake::take_output() {
  return std::exchange(output_, {});
}

std::size_t UpstreamHandshake::take_input(std::string_view bytes) {
  std::size_t taken = 0;
  // Byte by byte, so that not one of the destination's is taken; a handshake has few.
  while (taken < bytes.size() && !done() && !failure_) {
    input_ += bytes[taken++];
    if (step_ == Step::kHttpHead)
      take_http_head();
    else if (input_.size() == wanted())
      take_socks();
  }
  return taken;
}

void UpstreamHandshake::take_http_head() {
  if (input_.size() > kHeadBytesMax) return fail(FailureKind::kBrokenAnswer);
  // Its bytes come one by one: the head is whole where they end in an empty line.
  if (!input_.ends_with("\n\n") && !input_.ends_with("\n\r\n")) return;
  const auto head = read_response_head(input_, true);
  input_.clear();
  if (!head) return fail(FailureKind::kBrokenAnswer);
  if (head->is_interim() && ++interim_heads_ <= kInterimHeadsMax) return;
  if (head->status == 407) return fail(FailureKind::kUpstreamCredentials);
  if (head->status / 100 != 2) return fail(FailureKind::kUpstreamRefused);
  step_ = Step::kDone;
}

// How long the answer is, as far as that can be said yet.
std::size_t UpstreamHandshake::wanted() const {
  if (step_ != Step::kSocksReply) return 2;
  // Version, reply, reserved, kind of address, address, port.
  if (input_.size() < 5) return 5;
  switch (input_[3]) {
    case 1:
      return 4 + 4 + 2;
    case 3:
      return 4 + 1 + static_cast<unsigned char>(input_[4]) + 2;
    case 4:
      return 4 + 16 + 2;
    default:
      return 5;
  }
}

void UpstreamHandshake::take_socks() {
  const char first = input_[0];
  const char second = input_[1];
  switch (step_) {
    case Step::kSocksMethod:
      if (first != kSocksVersion) return fail(FailureKind::kBrokenAnswer);
      if (second != (login_.empty() ? kNoLogin : kUserAndPassword))
        return fail(FailureKind::kUpstreamCredentials);
      input_.clear();
      if (login_.empty()) return ask_socks_connect();
      output_ = std::exchange(login_, {});
      step_ = Step::kSocksUser;
      return;
    case Step::kSocksUser:
      input_.clear();
      if (second != 0) return fail(FailureKind::kUpstreamCredentials);
      return ask_socks_connect();
    case Step::kSocksReply:
      if (first != kSocksVersion) return fail(FailureKind::kBrokenAnswer);
      if (second != 0) return fail(FailureKind::kUpstreamRefused);
      if (input_.size() < 10 && wanted() == 5) return fail(FailureKind::kBrokenAnswer);
      // The kind and the first byte of the address are there now, so that its length is known.
      if (input_.size() < wanted()) return;
      step_ = Step::kDone;
      return;
    case Step::kHttpHead:
    case Step::kDone:
      return;
  }
}

void UpstreamHandshake::ask_socks_connect() {
  output_ = std::string{kSocksVersion, 1, 0} + socks_address(destination_);
  output_ += static_cast<char>(destination_.port >> 8);
  output_ += static_cast<char>(destination_.port & 0xFF);
  step_ = Step::kSocksReply;
}

}  // namespace pbaas::egress
