#include "main/worker_address.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include "net/connect.h"

namespace pbaas {
namespace {

namespace ip = boost::asio::ip;
using boost::system::error_code;

struct HostAndPort {
  std::string host;
  std::string port;
};

// "[fd00::1]:9100", "fd00::1", "10.0.0.1:9100", "name"
HostAndPort split(const std::string& setting) {
  if (setting.starts_with('[')) {
    const auto end = setting.find(']');
    const auto port = setting.find(':', end);
    return {setting.substr(1, end - 1), port == std::string::npos ? "" : setting.substr(port + 1)};
  }
  const auto colon = setting.find(':');
  if (colon == std::string::npos || setting.find(':', colon + 1) != std::string::npos)
    return {setting, ""};
  return {setting.substr(0, colon), setting.substr(colon + 1)};
}

Error unusable(const std::string& setting, const std::string& why) {
  return {Fault::kInvalidField,
          "WORKER_ADDRESS is \"" + setting + "\": " + why +
              "; it takes host:port, where gateways reach this worker",
          "WORKER_ADDRESS"};
}

Result<std::string> address_of(boost::asio::io_context& loop, const std::string& host) {
  error_code failed;
  ip::tcp::resolver resolver(loop);
  const auto found = resolver.resolve(host, "", failed);
  if (failed || found.empty()) return unusable(host, "there is no such host");
  return found.begin()->endpoint().address().to_string();
}

// No packet is sent: the kernel only chooses the route.
Result<std::string> address_toward(boost::asio::io_context& loop, const std::string& host) {
  const auto there = address_of(loop, host);
  if (!there) return there;
  error_code failed;
  ip::udp::socket socket(loop);
  socket.connect(ip::udp::endpoint(ip::make_address(*there), 9), failed);
  const auto local = failed ? ip::udp::endpoint() : socket.local_endpoint(failed);
  if (failed) return unusable("", "no way leads to " + host);
  return local.address().to_string();
}

}  // namespace

Result<std::string> worker_address(const std::string& setting, int port,
                                   const std::string& toward) {
  boost::asio::io_context loop;
  const auto [host, own_port] = split(setting);
  const auto address = host.empty() ? address_toward(loop, toward) : address_of(loop, host);
  if (!address) return address;
  if (own_port.empty()) return net::authority_of(*address, port);
  char* end = nullptr;
  const long number = std::strtol(own_port.c_str(), &end, 10);
  if (*end != '\0' || number < 1 || number > 65'535) return unusable(setting, "it has no port");
  return net::authority_of(*address, static_cast<int>(number));
}

}  // namespace pbaas
