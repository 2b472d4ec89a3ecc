#include "net/connect.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>

#include "net/finish_by.h"

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

namespace {

constexpr Duration kConnectMax{2'000};

std::optional<tcp::endpoint> endpoint_of(const std::string& address, int port) {
  error_code error;
  const auto ip = asio::ip::make_address(address, error);
  if (error || port < 1 || port > 65535) return std::nullopt;
  return tcp::endpoint(ip, static_cast<unsigned short>(port));
}

// Writes its outcome to `failed`, because what finish_by runs gives nothing.
Task<void> connect(tcp::socket& socket, const tcp::endpoint& endpoint, error_code& failed) {
  const auto [error] = co_await socket.async_connect(endpoint, asio::as_tuple(asio::use_awaitable));
  failed = error == asio::error::operation_aborted ? failed : error;
}

Task<Result<ByteStream>> connect_by(tcp::socket socket, std::string address, int port) {
  const auto endpoint = endpoint_of(address, port);
  if (!endpoint) co_return unreachable(address, port, "not an address");
  error_code failed = asio::error::timed_out;
  const auto deadline = Deadline::after(SystemClock(), kConnectMax);
  auto work = connect(socket, *endpoint, failed);
  auto limited = finish_by(std::move(work), deadline);
  co_await std::move(limited);
  if (failed) co_return unreachable(address, port, failed.message());
  if (is_to_itself(socket)) co_return unreachable(address, port, "nobody listens");
  co_return ByteStream(std::move(socket));
}

}  // namespace

Task<bool> is_refused(std::string address, int port, Deadline deadline) {
  const auto endpoint = endpoint_of(address, port);
  if (!endpoint) co_return false;
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  error_code failed = asio::error::timed_out;
  auto work = connect(socket, *endpoint, failed);
  auto limited = finish_by(std::move(work), deadline);
  co_await std::move(limited);
  co_return failed == asio::error::connection_refused || (!failed && is_to_itself(socket));
}

Task<Result<ByteStream>> connect_to(std::string address, int port) {
  const auto executor = co_await asio::this_coro::executor;
  auto connecting = connect_by(tcp::socket(executor), std::move(address), port);
  co_return co_await std::move(connecting);
}

Task<Result<ByteStream>> connect_with(UniqueFd made, std::string address, int port) {
  const auto executor = co_await asio::this_coro::executor;
  tcp::socket socket(executor);
  error_code error;
  socket.assign(tcp::v4(), made.get(), error);
  if (error) co_return unreachable(address, port, error.message());
  made.release();
  auto connecting = connect_by(std::move(socket), std::move(address), port);
  co_return co_await std::move(connecting);
}

Task<Result<ByteStream>> connect_to(Endpoint endpoint) {
  auto connecting =
      endpoint.dial ? endpoint.dial() : connect_to(std::move(endpoint.host), endpoint.port);
  co_return co_await std::move(connecting);
}

}  // namespace pbaas::net
