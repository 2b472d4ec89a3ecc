#include "main/limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace pbaas {

int threads_to_relay(const Config& config) {
  if (config.relay_threads > 0) return config.relay_threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

session::OptionLimits option_limits(const Config& config, bool is_recording) {
  session::OptionLimits limits;
  limits.session_timeout = config.session_timeout;
  limits.idle_timeout = std::min(config.idle_timeout, config.session_timeout);
  limits.queue_timeout = config.queue_timeout;
  limits.chains_proxies = config.isolation != "none";
  limits.recording = is_recording;
  limits.default_browser = *session::browser_kind_from_word(config.default_browser);
  limits.timezone_exists = [](std::string_view name) {
    return std::filesystem::is_regular_file(std::filesystem::path("/usr/share/zoneinfo") / name);
  };
  return limits;
}

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Clients may take half of the descriptors: the other half is for the browsers' sides, pipes and
// files.
net::HttpLimits http_limits() {
  net::HttpLimits limits;
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    limits.connections_max =
        std::min<std::size_t>(limits.connections_max, descriptors.rlim_cur / 2);
  }
  return limits;
}

}  // namespace pbaas
