#include "net/byte_stream.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "net/as_tuple.h"

namespace pbaas::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

}  // namespace

ByteStream::ByteStream(tcp::socket socket) : socket_(std::move(socket)) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
  // Answers are written whole, so Nagle's algorithm would only hold back their last segment.
  socket_.set_option(tcp::no_delay(true), ignored);
}

Task<bool> ByteStream::read_more(std::span<char> scratch) {
  while (true) {
    error_code error;
    const auto n = socket_.read_some(asio::buffer(scratch.data(), scratch.size()), error);
    if (!error) {
      buffered_.append(scratch.data(), n);
      co_return true;
    }
    if (error != asio::error::would_block) co_return false;
    // An empty string may still hold the memory of the last request.
    if (buffered_.empty()) buffered_ = std::string();
    const auto [failed] = co_await socket_.async_wait(tcp::socket::wait_read, kAsTuple);
    if (failed) co_return false;
  }
}

Task<bool> ByteStream::write(std::string_view first, std::string_view second) {
  const std::array parts{asio::buffer(first), asio::buffer(second)};
  const auto [error, written] = co_await asio::async_write(socket_, parts, kAsTuple);
  co_return !error;
}

Task<void> ByteStream::wait_until_broken() {
  co_await socket_.async_wait(tcp::socket::wait_error, kAsTuple);
}

void ByteStream::consume(std::size_t bytes) {
  buffered_.erase(0, bytes);
}

std::string ByteStream::take_buffered() {
  return std::exchange(buffered_, {});
}

void ByteStream::interrupt() {
  error_code ignored;
  socket_.cancel(ignored);
}

void ByteStream::finish_writing() {
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

void ByteStream::close() {
  error_code ignored;
  socket_.close(ignored);
}

UniqueFd ByteStream::release() {
  error_code error;
  const auto fd = socket_.release(error);
  return error ? UniqueFd() : UniqueFd(fd);
}

std::string ByteStream::peer() const {
  error_code error;
  const auto endpoint = socket_.remote_endpoint(error);
  if (error) return "";
  const auto address = endpoint.address();
  // An IPv4 client of an IPv6 listener is shown as the IPv4 client it is.
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace pbaas::net
