#include "net/connect.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pbaas::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

Error unreachable(const std::string& address, int port, const std::string& why) {
  return {Fault::kBrowserUnreachable,
          "cannot connect to " + authority_of(address, port) + ": " + why};
}

// The port of a browser that died is in the range that the kernel takes local ports from, so that a
// connection can be given that very port, and meet itself.
bool is_to_itself(const tcp::socket& socket) {
  error_code error;
  const auto local = socket.local_endpoint(error);
  if (error) return false;
  const auto remote = socket.remote_endpoint(error);
  return !error && local == remote;
}

}  // namespace

std::string authority_of(const std::string& address, int port) {
  const bool is_v6 = address.find(':') != std::string::npos;
  return (is_v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

bool is_plain_target(std::string_view target) {
  return target.starts_with('/') &&
         std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F; });
}

Task<Result<ByteStream>> connect_to(std::string address, int port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error || port < 1 || port > 65535) co_return unreachable(address, port, "not an address");
  const tcp::endpoint endpoint(ip, static_cast<unsigned short>(port));

  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  const auto [failed] =
      co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  if (failed) co_return unreachable(address, port, failed.message());
  if (is_to_itself(socket)) co_return unreachable(address, port, "nobody listens");
  co_return ByteStream(std::move(socket));
}

}  // namespace pbaas::net
