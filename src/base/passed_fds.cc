#include "base/passed_fds.h"

#include <sys/socket.h>

#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

namespace pbaas {
namespace {

void take_fds(const cmsghdr& rights, std::vector<UniqueFd>& fds) {
  const std::size_t count = (rights.cmsg_len - CMSG_LEN(0)) / sizeof(int);
  for (std::size_t each = 0; each < count; ++each) {
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(&rights) + each * sizeof fd, sizeof fd);
    fds.emplace_back(fd);
  }
}

}  // namespace

bool send_passing(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                  int flags) {
  assert(fds.size() <= kPassedFdsMax);
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kPassedFdsMax * sizeof(int))> control{};
  if (!fds.empty()) {
    head.msg_control = control.data();
    head.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&head);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(socket, &head, flags | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

Passed receive_passed(int socket, std::span<std::byte> into, int flags) {
  iovec part{into.data(), into.size()};
  alignas(cmsghdr)
      std::array<char, CMSG_SPACE(kPassedFdsMax * sizeof(int)) + CMSG_SPACE(sizeof(ucred))>
          control{};
  msghdr head{};
  head.msg_iov = &part;
  head.msg_iovlen = 1;
  head.msg_control = control.data();
  head.msg_controllen = control.size();
  Passed passed;
  do passed.bytes = ::recvmsg(socket, &head, flags | MSG_CMSG_CLOEXEC);
  while (passed.bytes < 0 && errno == EINTR);
  if (passed.bytes < 0) return passed;
  for (cmsghdr* each = CMSG_FIRSTHDR(&head); each; each = CMSG_NXTHDR(&head, each)) {
    if (each->cmsg_level != SOL_SOCKET) continue;
    if (each->cmsg_type == SCM_RIGHTS) take_fds(*each, passed.fds);
    if (each->cmsg_type != SCM_CREDENTIALS) continue;
    ucred sender{};
    std::memcpy(&sender, CMSG_DATA(each), sizeof sender);
    passed.sender = sender.pid;
  }
  return passed;
}

}  // namespace pbaas
