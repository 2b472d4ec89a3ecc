// One HTTP request after another over libcurl, blocking: for a store's own threads. Connections are
// kept and used again. Owned by a store's client; thread-safe, each request has a handle of its
// own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/interrupt.h"

namespace pbaas::store {

struct TransferLimits {
  Duration connect{10'000};
  // A transfer that moves less than `stall_bytes_per_s` for so long is given up: the next try may
  // find a better way, and a deadline of minutes would be wasted on a dead one.
  Duration stall{30'000};
  int stall_bytes_per_s = 1024;
  std::size_t answer_bytes_max = 4 * 1024 * 1024;
};

struct HttpCall {
  std::string method;
  std::string url;
  std::vector<std::string> headers;  // "Name: value", the whole of them
  std::string body{};
  // Where not negative, the body is these bytes of that file instead, read as they are sent.
  int file = -1;
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
};

struct HttpAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // by lower-case name
  std::string body;

  std::string header(const std::string& name) const;
};

class CurlTransfers {
 public:
  // `ca_file` holds the certificates that a server's is checked with; empty: the system's.
  // `interrupt` must outlive this.
  CurlTransfers(std::string ca_file, TransferLimits limits, const Interrupt& interrupt);
  ~CurlTransfers();
  CurlTransfers(const CurlTransfers&) = delete;
  CurlTransfers& operator=(const CurlTransfers&) = delete;

  // Any status is an answer. Errors: kStoreUnavailable, with curl's words and no header or URL.
  Result<HttpAnswer> perform(const HttpCall& call, Duration timeout);

 private:
  struct Handle;
  std::unique_ptr<Handle> take();
  void give_back(std::unique_ptr<Handle> handle);
  Error failure(int code, const char* words) const;

  const std::string ca_file_;
  const TransferLimits limits_;
  const Interrupt& interrupt_;
  std::mutex mutex_;  // Several threads take handles, which hold the open connections.
  std::vector<std::unique_ptr<Handle>> idle_;
};

}  // namespace pbaas::store
