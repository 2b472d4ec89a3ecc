// The settings of the program: one table of environment variables, each also a flag. A wrong value
// stops the start, naming the variable, the value and what it takes.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/log.h"

namespace pbaas {

struct Config {
  std::chrono::seconds session_timeout{3600};
  std::chrono::seconds idle_timeout{300};
  int max_contexts = 20;
  int warm_browsers = 2;
  std::string host = "0.0.0.0";
  int port = 8000;
  std::vector<std::string> api_keys;
  std::vector<std::string> allowed_origins;
  std::string public_url;
  bool trust_forwarded = false;
  int queue_limit = 100;
  std::chrono::seconds queue_timeout{30};
  std::chrono::seconds drain_timeout{300};
  std::string isolation = "sandbox";  // or "none"
  int session_memory_mb = 2048;       // limits of one browser; 0: none
  int session_pids = 2048;
  int session_cpu_weight = 100;
  int session_disk_mb = 512;
  std::string browser_user = "pbaas";     // who browsers run as where the service runs as root
  std::vector<std::string> egress_allow;  // read by egress::EgressPolicy::parse
  std::string default_browser = "headless-shell";  // or "chromium"
  std::string chromium;                            // paths; found where empty
  std::string headless_shell;
  std::string data_dir = "./data";
  std::string run_dir;  // profiles; /dev/shm where empty and there
  std::string redis_url;
  std::string database_url;            // postgresql://…; SQLite in data_dir where empty
  std::size_t spool_max = 1ULL << 30;  // bytes
  std::string cluster_secret;
  int worker_port = 9100;
  std::string worker_address;  // host:port for gateways; found where empty
  std::chrono::seconds heartbeat{5};
  std::chrono::seconds worker_lease{90};
  std::string minio_endpoint;         // http(s)://…; recordings in a folder of data_dir where empty
  std::string minio_public_endpoint;  // where clients reach it; the same where empty
  std::string minio_access_key;
  std::string minio_secret_key;
  std::string minio_region = "us-east-1";
  std::string minio_bucket = "recordings";
  std::string minio_ca_file;                      // the system's certificates where empty
  std::chrono::seconds recording_ttl{0};          // 0: kept for ever
  std::size_t recording_spool_max = 10ULL << 30;  // bytes
  int relay_threads = 0;                          // 0: as many as cores
  log::Level log_level = log::Level::kInfo;
};

struct Setting {
  std::string variable;  // SESSION_TIMEOUT
  std::string flag;      // --session-timeout
  std::string takes;     // "seconds, 1 to 86400"
  std::string default_text;
  std::string about;
  bool secret = false;  // never on a command line, so it has no flag
  std::function<bool(std::string_view, Config&)> apply;  // false: not a value it takes
};

const std::vector<Setting>& settings();

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// `flags` is by variable name. Flags win over the environment. Errors: kInvalidField.
Result<Config> load_config(const Environment& environment,
                           const std::map<std::string, std::string>& flags);

}  // namespace pbaas
