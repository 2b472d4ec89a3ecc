// A connected TCP socket, and what was read from it and not yet used. An idle stream holds no
// buffer: it waits for readability, and reads into a buffer of the caller's that all streams of the
// loop share. Loop thread only.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <span>
#include <string>
#include <string_view>

#include "base/unique_fd.h"
#include "net/task.h"

namespace pbaas::net {

class ByteStream {
 public:
  explicit ByteStream(boost::asio::ip::tcp::socket socket);

  // Waits for bytes and appends them to buffered(). False: the other end is gone, or interrupt().
  Task<bool> read_more(std::span<char> scratch);
  // Writes both, one after the other. False: the other end is gone, or interrupt().
  Task<bool> write(std::string_view first, std::string_view second = {});
  // Waits for the connection to break, without reading.
  Task<void> wait_until_broken();

  const std::string& buffered() const { return buffered_; }
  void consume(std::size_t bytes);
  std::string take_buffered();

  // Ends what waits now, with false.
  void interrupt();
  // No more is written; the other end sees the end of the stream.
  void finish_writing();
  void close();
  // Gives the descriptor away, non-blocking; the stream is over.
  UniqueFd release();
  // The other end's IP address.
  std::string peer() const;

 private:
  boost::asio::ip::tcp::socket socket_;
  std::string buffered_;
};

}  // namespace pbaas::net
