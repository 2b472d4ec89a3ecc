// Uploads a file to an S3 server that it starts for itself, and prints the rate and the peak of
// memory. Usage: object_store_bench [MiB], 100 by default. The server is Ceph's radosgw in memory,
// on the same cores, so that the rate is a lower bound.
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <string>

#include "base/log.h"
#include "store/object_key.h"
#include "store/object_store_s3.h"
#include "support/radosgw.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace {

using namespace pbaas;

constexpr std::size_t kMiB = 1024 * 1024;

long peak_kib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void write_file(const std::string& path, std::size_t mib) {
  std::ofstream file(path, std::ios::binary);
  for (std::size_t n = 0; n < mib; ++n) {
    std::string piece(kMiB, static_cast<char>(n));
    file << piece;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t mib = argc > 1 ? std::stoul(argv[1]) : 100;
  log::set_level(log::Level::kError);
  net::Loop loop;
  const SystemClock clock;
  const support::TempFolder folder;
  auto& server = support::Radosgw::shared();
  write_file(folder.file("file"), mib);
  store::S3Options options{.endpoint = server.endpoint(), .bucket = "bench"};
  options.credentials = {server.access_key(), server.secret_key()};
  auto store = store::S3ObjectStore::make(loop, clock, options).value();
  const auto deadline = Deadline::after(clock, std::chrono::minutes(10));
  if (!support::run_task(loop, store->ready(deadline))) return 1;

  const long before_kib = peak_kib();
  const double cpu_before = cpu_seconds();
  const auto began = std::chrono::steady_clock::now();
  const auto key = store::object_key(SessionId::random(), "video.webm");
  const auto put =
      support::run_task(loop, store->put({key, folder.file("file"), "video/webm"}, deadline));
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  if (!put) {
    std::fprintf(stderr, "%s\n", put.error().detail.c_str());
    return 1;
  }
  std::printf("%zu MiB in %.2f s: %.0f MiB/s; CPU %.2f s; peak memory %ld KiB, %ld KiB before\n",
              mib, took.count(), static_cast<double>(mib) / took.count(),
              cpu_seconds() - cpu_before, peak_kib(), before_kib);
  return 0;
}
