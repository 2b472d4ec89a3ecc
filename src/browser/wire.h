// The line between the program and its launcher process: one JSON object per packet of a
// SOCK_SEQPACKET socket pair, with file descriptors beside it. Both ends use these functions; each
// end belongs to one thread.
#pragma once

#include <sys/types.h>

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "browser/cgroup_use.h"

namespace pbaas::browser {

// A command line with its environment is about 4 KB; the kernel takes packets of this size whole.
inline constexpr std::size_t kPacketBytesMax = 64 * 1024;

struct Packet {
  boost::json::object message;
  std::vector<UniqueFd> fds;
};

// Program to launcher process. The descriptors of StartOrder go along: Chromium's fd 3, its fd 4
// and its stderr, and with a sandbox the control socket of its init.
struct StartOrder {
  std::uint64_t id = 0;
  std::string folder;                // the name of its folder below the instance's
  std::vector<std::string> sandbox;  // the command that makes it; empty: there is none
  std::vector<std::string> argv;     // the browser's
  std::map<std::string, std::string> environment;
};
struct KillOrder {
  std::uint64_t id = 0;
};
// Makes the sandbox of a StartOrder to come, which has the same folder and command; else it is made
// then.
struct PrepareOrder {
  std::string folder;
  std::vector<std::string> sandbox;
};
using Order = std::variant<StartOrder, KillOrder, PrepareOrder>;

// Launcher process to program. `Gone` comes once for each `Started`, and last.
struct Started {
  std::uint64_t id = 0;
  pid_t pid = 0;
};
struct StartFailed {
  std::uint64_t id = 0;
  std::string detail;
};
struct Gone {
  std::uint64_t id = 0;
  int wait_status = 0;      // as from waitpid
  std::int64_t cpu_ms = 0;  // of the processes whose end was seen
  long peak_rss_kb = 0;     // of the largest of them
  CgroupUse use{};          // of all
  std::string limit{};      // the one that it reached, if so
  // What its sandbox wrote before it had the browser's stderr, where it was made ahead.
  std::string early_words{};
};
using Report = std::variant<Started, StartFailed, Gone>;

boost::json::object to_json(const Order& order);
boost::json::object to_json(const Report& report);
// A packet that is neither is a bug of ours, so these throw std::logic_error or Boost.JSON's
// errors.
Order order_from_json(const boost::json::object& json);
Report report_from_json(const boost::json::object& json);

enum class Sent { kYes, kNotNow, kPeerGone };

// `kNotNow` where `flags` has MSG_DONTWAIT and the socket is full, or the kernel short of memory;
// the packet is to be sent again. Errors: kLaunchFailed where the
// packet is too large.
Result<Sent> send_packet(int socket, const boost::json::object& message,
                         const std::vector<int>& fds, int flags);

// `kNotNow` also where the kernel is short of memory; the packet stays.
enum class Received { kPacket, kNotNow, kPeerGone };
Received receive_packet(int socket, Packet& packet, int flags);

}  // namespace pbaas::browser
