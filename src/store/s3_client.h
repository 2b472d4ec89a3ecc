// A client of one bucket of an S3-compatible store: signs requests, tries them again, learns the
// store's clock and region, and makes what it answers an error that names endpoint, bucket and
// code. Blocks: for a store's own threads, several at once. Owned by S3ObjectStore.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "store/curl_transfer.h"
#include "store/interrupt.h"
#include "store/object_store.h"
#include "store/s3_address.h"
#include "store/sigv4.h"

namespace pbaas::store {

struct S3RetryLimits {
  int tries_max = 6;
  // The wait before the n-th retry is anything from 0 to first * 2^n, so that clients that failed
  // together do not come back together ("full jitter"); never over `most`.
  Duration first{200};
  Duration most{10'000};
};

struct S3Options {
  std::string endpoint;
  std::string public_endpoint{};  // what presigned URLs begin with; empty: the endpoint
  std::string bucket;
  std::string region = "us-east-1";
  Credentials credentials;
  std::string ca_file{};
  TransferLimits transfer{};
  S3RetryLimits retry{};
};

struct S3Request {
  std::string method;
  std::string key{};  // empty: the bucket itself
  std::multimap<std::string, std::string> query{};
  std::map<std::string, std::string> headers{};  // by lower-case name; they are signed
  std::string body{};
  int file = -1;  // else a part of a file, as in HttpCall, with its digest
  std::uint64_t file_offset = 0;
  std::uint64_t file_bytes = 0;
  std::string file_sha256{};
};

// An answer to go on with: see send.
struct S3Answer {
  HttpAnswer http;
  std::string code{};  // of what is no 2xx: NoSuchKey, NoSuchUpload, NoSuchBucket, ...
  bool found() const { return http.status != 404; }
};

class S3Client {
 public:
  // `clock` and `interrupt` must outlive it.
  S3Client(S3Options options, S3Address address, S3Address public_address, const Clock& clock,
           const Interrupt& interrupt);

  // Any 2xx, 404, 409 or 416 is an answer. Errors: kStoreUnavailable.
  Result<S3Answer> send(const S3Request& request, Deadline deadline);
  std::string presign(const std::string& key, const PresignOptions& options) const;
  // What went wrong at the store, told so that it can be mended.
  Error error(const std::string& did, const std::string& why) const;

  const S3Address& address() const { return address_; }
  std::string region() const;
  const Clock& clock() const { return clock_; }
  // The wall clock as the store sees it.
  WallTime now() const;

 private:
  // What is to be done about a try that gave no answer to go on with.
  enum class Next { kAnswer, kAgainAtOnce, kAgainLater, kGiveUp };
  struct Judged {
    Next next = Next::kAnswer;
    std::string why{};
    std::string code{};
  };

  Result<HttpAnswer> send_once(const S3Request& request, Deadline deadline);
  Judged judge(const HttpAnswer& answer, int corrections);
  bool adopt_time(const HttpAnswer& answer);
  bool adopt_region(const std::string& region);
  Duration wait_before_retry(int tries) const;

  const S3Options options_;
  const S3Address address_;
  const S3Address public_address_;
  const Clock& clock_;
  const Interrupt& interrupt_;
  CurlTransfers transfers_;
  // Learned by any thread, used by all.
  std::atomic<std::int64_t> skew_ms_{0};
  mutable std::mutex mutex_;
  std::string region_;
};

}  // namespace pbaas::store
