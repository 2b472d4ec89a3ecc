// What the tests of the S3 store share: a bucket of its own on the real server, reached directly or
// through a proxy that can break the way.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <string>

#include "base/ids.h"
#include "store/object_store_s3.h"
#include "support/fault_proxy.h"
#include "support/radosgw.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::store {

inline std::string new_bucket() {
  return "test-" + random_hex_128().substr(0, 16);
}

// Quick to give up and quick to come back, so that a test is over in seconds.
inline S3Options test_options(const std::string& bucket) {
  auto& server = support::Radosgw::shared();
  S3Options options;
  options.endpoint = server.endpoint();
  options.bucket = bucket;
  options.credentials = {server.access_key(), server.secret_key()};
  options.transfer.stall = Duration{1'000};
  options.transfer.connect = Duration{1'000};
  options.retry = {.tries_max = 5, .first = Duration{20}, .most = Duration{200}};
  return options;
}

inline std::string random_bytes(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string bytes(size, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  return bytes;
}

// The uploads that are open in the bucket, asked of the server itself.
inline std::size_t open_uploads(const S3Options& options) {
  SystemClock clock;
  Interrupt interrupt;
  auto direct = options;
  direct.endpoint = support::Radosgw::shared().endpoint();
  const auto address = S3Address::parse(direct.endpoint, direct.bucket).value();
  S3Client client(direct, address, address, clock, interrupt);
  const auto answer = client.send({.method = "GET", .query = {{"uploads", ""}}},
                                  Deadline::after(clock, std::chrono::seconds(10)));
  return read_uploads(answer.value().http.body).value().uploads.size();
}

}  // namespace pbaas::store
