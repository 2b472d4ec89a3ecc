#include "browser/init_order.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "base/passed_fds.h"

namespace pbaas::browser {

static_assert(kInitOrderFds <= kPassedFdsMax);

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
  const std::string bytes = to_bytes(order);
  return send_passing(socket, std::as_bytes(std::span(bytes)), fds, MSG_DONTWAIT);
}

bool receive_init_order(int socket, InitOrder& order, std::array<UniqueFd, kInitOrderFds>& fds) {
  std::string bytes(kInitOrderBytesMax, '\0');
  auto passed = receive_passed(socket, std::as_writable_bytes(std::span(bytes)), 0);
  if (passed.bytes <= 0 || passed.fds.size() != kInitOrderFds) return false;
  std::ranges::move(passed.fds, fds.begin());
  bytes.resize(static_cast<std::size_t>(passed.bytes));
  order = init_order_from(bytes);
  return !order.command.empty();
}

}  // namespace pbaas::browser
