#include "egress/dial.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace pbaas::egress {
namespace {

// As many as one name can make us try.
constexpr std::size_t kAddressesMax = 8;
// Of a probe that sends nothing.
constexpr int kAnyPort = 9;

FailureKind kind_of_status(ResolveStatus status) {
  switch (status) {
    case ResolveStatus::kFound:
    case ResolveStatus::kNotFound:
      return FailureKind::kNameNotFound;
    case ResolveStatus::kFailed:
      return FailureKind::kResolverFailed;
    case ResolveStatus::kTimeout:
      return FailureKind::kResolverTimeout;
    case ResolveStatus::kBusy:
      return FailureKind::kResolverBusy;
  }
  return FailureKind::kResolverFailed;
}

FailureKind kind_of_errno(int error) {
  if (error == ECONNREFUSED || error == ECONNRESET) return FailureKind::kConnectionRefused;
  if (error == ETIMEDOUT) return FailureKind::kConnectionTimeout;
  return FailureKind::kUnreachable;
}

UniqueFd make_socket(const IpAddress& address, int type) {
  const int family = address.is_v4() ? AF_INET : AF_INET6;
  return UniqueFd(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void tune(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A server that vanished is found by TCP, since an idle tunnel may be quiet for long.
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
}

int connect_socket(int fd, const IpAddress& address, int port) {
  sockaddr_storage to;
  const socklen_t size = address.to_sockaddr(port, to);
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&to), size) == 0 ? 0 : errno;
}

}  // namespace

bool has_route_to(const IpAddress& address) {
  const UniqueFd probe = make_socket(address, SOCK_DGRAM);
  return probe.valid() && connect_socket(probe.get(), address, kAnyPort) == 0;
}

bool is_own_address(const IpAddress& address) {
  // To an address of its own the kernel speaks from that very address.
  const UniqueFd probe = make_socket(address, SOCK_DGRAM);
  // Where nothing can be asked, as without descriptors, it may be.
  if (!probe.valid()) return errno != EAFNOSUPPORT;
  if (connect_socket(probe.get(), address, kAnyPort) != 0) return false;
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  auto* generic = reinterpret_cast<sockaddr*>(&local);
  return ::getsockname(probe.get(), generic, &size) == 0 && IpAddress::from(generic) == address;
}

std::optional<std::vector<IpAddress>> known_addresses(const HostPort& destination) {
  if (destination.address) return std::vector{*destination.address};
  const auto& host = destination.host;
  if (host != "localhost" && !host.ends_with(".localhost")) return std::nullopt;
  return std::vector{*IpAddress::parse("127.0.0.1"), *IpAddress::parse("::1")};
}

void Dial::take(const Resolved& resolved) {
  failure_ = {kind_of_status(resolved.status)};
  for (const auto& address : resolved.addresses) {
    if (addresses_.size() == kAddressesMax) return;
    const auto refused = policy_.refusal(destination_, address, is_own_address(address));
    if (refused)
      failure_ = {FailureKind::kRefusedAddress, *refused};
    else
      addresses_.push_back(address);
  }
}

UniqueFd Dial::next() {
  while (has_more()) {
    const IpAddress& address = addresses_[next_++];
    UniqueFd fd = make_socket(address, SOCK_STREAM);
    if (fd.valid()) tune(fd.get());
    const int error = fd.valid() ? connect_socket(fd.get(), address, destination_.port) : errno;
    if (error == 0 || error == EINPROGRESS) return fd;
    failure_ = {kind_of_errno(error)};
  }
  return {};
}

Dial::Progress Dial::progress(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) {
    failure_ = {kind_of_errno(error)};
    return Progress::kFailed;
  }
  sockaddr_storage peer;
  size = sizeof peer;
  const bool connected = ::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) == 0;
  return connected ? Progress::kConnected : Progress::kWaiting;
}

}  // namespace pbaas::egress
