#include "browser/session_init/network.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas::browser {
namespace {

constexpr std::string_view kName = "eth0";
constexpr std::string_view kPeerName = "eth1";
// What a machine behind a router has; it is nobody's, as no packet leaves.
constexpr char kAddress[] = "10.0.0.2";
constexpr char kRouter[] = "10.0.0.1";
constexpr unsigned char kPrefixBits = 24;

// One request of https://www.kernel.org/doc/html/latest/userspace-api/netlink/intro.html: a header,
// a struct of its family, then attributes, which may hold others.
class NetlinkRequest {
 public:
  template <typename Body>
  NetlinkRequest(std::uint16_t type, std::uint16_t flags, const Body& body) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&head, sizeof head);
    append(&body, sizeof body);
  }

  void add(std::uint16_t type, const void* data, std::size_t bytes) {
    rtattr head{};
    head.rta_type = type;
    head.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(bytes));
    append(&head, sizeof head);
    append(data, bytes);
  }
  void add(std::uint16_t type, std::string_view text) { add(type, text.data(), text.size()); }
  template <typename Value>
  void add_value(std::uint16_t type, const Value& value) {
    add(type, &value, sizeof value);
  }

  // What is added until `close` of the result is inside of it.
  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    add(type, nullptr, 0);
    return at;
  }
  void close(std::size_t at) {
    const auto bytes = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &bytes, sizeof bytes);
  }
  void append(const void* data, std::size_t bytes) {
    const auto* from = static_cast<const char*>(data);
    if (bytes > 0) bytes_.insert(bytes_.end(), from, from + bytes);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  // Gives 0, or an errno.
  int send(int socket) {
    const auto bytes = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &bytes, sizeof bytes);
    if (::send(socket, bytes_.data(), bytes_.size(), 0) < 0) return errno;
    struct {
      nlmsghdr head;
      nlmsgerr error;
      char rest[1024];
    } answer{};
    if (::recv(socket, &answer, sizeof answer, 0) < 0) return errno;
    return answer.head.nlmsg_type == NLMSG_ERROR ? -answer.error.error : EPROTO;
  }

 private:
  std::vector<char> bytes_;
};

int make_pair(int socket) {
  const ifinfomsg link{};  // Down: neither end can be up before it has its other.
  NetlinkRequest request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link);
  request.add(IFLA_IFNAME, kName);
  const auto info = request.open(IFLA_LINKINFO);
  request.add(IFLA_INFO_KIND, "veth");
  const auto data = request.open(IFLA_INFO_DATA);
  const auto peer = request.open(VETH_INFO_PEER);
  request.append(&link, sizeof link);
  request.add(IFLA_IFNAME, kPeerName);
  request.close(peer);
  request.close(data);
  request.close(info);
  return request.send(socket);
}

int set_up(int socket, int index) {
  ifinfomsg link{};
  link.ifi_index = index;
  link.ifi_flags = IFF_UP;
  link.ifi_change = IFF_UP;
  return NetlinkRequest(RTM_NEWLINK, 0, link).send(socket);
}

int give_address(int socket, int index) {
  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = kPrefixBits;
  address.ifa_index = static_cast<unsigned>(index);
  NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, address);
  request.add_value(IFA_LOCAL, ::inet_addr(kAddress));
  request.add_value(IFA_ADDRESS, ::inet_addr(kAddress));
  return request.send(socket);
}

int give_route(int socket) {
  rtmsg route{};
  route.rtm_family = AF_INET;
  route.rtm_table = RT_TABLE_MAIN;
  route.rtm_protocol = RTPROT_STATIC;
  route.rtm_scope = RT_SCOPE_UNIVERSE;
  route.rtm_type = RTN_UNICAST;
  NetlinkRequest request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
  request.add_value(RTA_GATEWAY, ::inet_addr(kRouter));
  return request.send(socket);
}

}  // namespace

int make_network() {
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return errno;
  if (const int error = make_pair(socket.get()); error != 0) return error;
  const auto index = static_cast<int>(::if_nametoindex(kName.data()));
  const auto peer = static_cast<int>(::if_nametoindex(kPeerName.data()));
  for (const int each : {index, peer}) {
    if (const int error = set_up(socket.get(), each); error != 0) return error;
  }
  if (const int error = give_address(socket.get(), index); error != 0) return error;
  return give_route(socket.get());
}

}  // namespace pbaas::browser
