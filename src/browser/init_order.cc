#include "browser/init_order.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace pbaas::browser {
namespace {

constexpr std::size_t kRightsBytes = CMSG_SPACE(sizeof(InitOrderFds));

}  // namespace

std::string to_bytes(const InitOrder& order) {
  std::string bytes = std::to_string(order.command.size()) + '\0';
  for (const auto* words : {&order.command, &order.environment}) {
    for (const auto& word : *words) bytes += word + '\0';
  }
  return bytes;
}

InitOrder init_order_from(std::string_view bytes) {
  std::vector<std::string> words;
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\0'), bytes.size());
    words.emplace_back(bytes.substr(0, end));
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
  }
  if (words.empty()) return {};
  const auto asked = static_cast<std::size_t>(std::strtoul(words[0].c_str(), nullptr, 10));
  const auto begin = words.begin() + 1;
  const auto middle = begin + static_cast<std::ptrdiff_t>(std::min(asked, words.size() - 1));
  return {{begin, middle}, {middle, words.end()}};
}

bool send_init_order(int socket, const InitOrder& order, const InitOrderFds& fds) {
  std::string bytes = to_bytes(order);
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, kRightsBytes> control{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control.data();
  head.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&head);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(rights), fds.data(), sizeof fds);
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &head, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

bool receive_init_order(int socket, InitOrder& order, std::array<UniqueFd, kInitOrderFds>& fds) {
  std::string bytes(kInitOrderBytesMax, '\0');
  iovec part{bytes.data(), bytes.size()};
  alignas(cmsghdr) std::array<char, kRightsBytes> control{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control.data();
  head.msg_controllen = control.size();
  ssize_t got = 0;
  do got = ::recvmsg(socket, &head, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  const cmsghdr* rights = CMSG_FIRSTHDR(&head);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return false;
  InitOrderFds numbers{};
  const std::size_t count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  std::memcpy(numbers.data(), CMSG_DATA(rights), std::min(count, kInitOrderFds) * sizeof(int));
  for (std::size_t n = 0; n < std::min(count, kInitOrderFds); ++n) fds[n] = UniqueFd(numbers[n]);
  bytes.resize(static_cast<std::size_t>(got));
  order = init_order_from(bytes);
  return count == kInitOrderFds && !order.command.empty();
}

}  // namespace pbaas::browser
