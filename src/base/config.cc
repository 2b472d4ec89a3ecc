#include "base/config.h"

#include <cctype>
#include <charconv>
#include <utility>

namespace pbaas {
namespace {

std::optional<int> to_int(std::string_view text, int min, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < min || value > max)
    return std::nullopt;
  return value;
}

auto seconds_into(std::chrono::seconds Config::* member, int min, int max) {
  return [=](std::string_view text, Config& config) {
    const auto value = to_int(text, min, max);
    if (value) config.*member = std::chrono::seconds(*value);
    return value.has_value();
  };
}

auto int_into(int Config::* member, int min, int max) {
  return [=](std::string_view text, Config& config) {
    const auto value = to_int(text, min, max);
    if (value) config.*member = *value;
    return value.has_value();
  };
}

auto none_or_int_into(int Config::* member, int min, int max) {
  return [=](std::string_view text, Config& config) {
    const auto value = to_int(text, 0, max);
    if (!value || (*value != 0 && *value < min)) return false;
    config.*member = *value;
    return true;
  };
}

auto text_into(std::string Config::* member) {
  return [=](std::string_view text, Config& config) {
    config.*member = std::string(text);
    return true;
  };
}

auto secret_into(std::string Config::* member, std::size_t size_min) {
  return [=](std::string_view text, Config& config) {
    if (!text.empty() && text.size() < size_min) return false;
    config.*member = std::string(text);
    return true;
  };
}

auto choice_into(std::string Config::* member, std::vector<std::string> choices) {
  return [=](std::string_view text, Config& config) {
    for (const auto& choice : choices) {
      if (text == choice) {
        config.*member = choice;
        return true;
      }
    }
    return false;
  };
}

// A list separated by commas; blanks around an item and empty items are dropped.
auto list_into(std::vector<std::string> Config::* member) {
  return [=](std::string_view text, Config& config) {
    (config.*member).clear();
    while (!text.empty()) {
      const auto comma = text.find(',');
      auto item = text.substr(0, comma);
      while (item.starts_with(' ')) item.remove_prefix(1);
      while (item.ends_with(' ')) item.remove_suffix(1);
      if (!item.empty()) (config.*member).emplace_back(item);
      if (comma == std::string_view::npos) break;
      text.remove_prefix(comma + 1);
    }
    return true;
  };
}

bool url_into_public_url(std::string_view text, Config& config) {
  while (text.ends_with('/')) text.remove_suffix(1);
  const auto scheme = text.find("://");
  const bool known = text.starts_with("http://") || text.starts_with("https://");
  if (!text.empty() && (!known || text.size() == scheme + 3)) return false;
  config.public_url = std::string(text);
  return true;
}

bool truth_into_trust_forwarded(std::string_view text, Config& config) {
  if (text != "true" && text != "false") return false;
  config.trust_forwarded = text == "true";
  return true;
}

bool level_into_log_level(std::string_view text, Config& config) {
  static const std::map<std::string_view, log::Level> kLevels{{"debug", log::Level::kDebug},
                                                              {"info", log::Level::kInfo},
                                                              {"warn", log::Level::kWarn},
                                                              {"error", log::Level::kError}};
  const auto found = kLevels.find(text);
  if (found == kLevels.end()) return false;
  config.log_level = found->second;
  return true;
}

bool database_url_into_database_url(std::string_view text, Config& config) {
  config.database_url = std::string(text);
  return text.empty() || text.starts_with("postgresql://") || text.starts_with("postgres://");
}

auto bytes_into(std::size_t Config::* member) {
  return [=](std::string_view text, Config& config) {
    std::size_t value = 0;
    const char* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return false;
    if (value < 1ULL << 20 || value > 1ULL << 40) return false;
    config.*member = value;
    return true;
  };
}

auto url_or_nothing_into(std::string Config::* member) {
  return [=](std::string_view text, Config& config) {
    config.*member = std::string(text);
    return text.empty() || text.starts_with("http://") || text.starts_with("https://");
  };
}

Setting setting(std::string variable, std::string takes, std::string default_text,
                std::string about, std::function<bool(std::string_view, Config&)> apply) {
  std::string flag = "--";
  for (const char c : variable) flag.push_back(c == '_' ? '-' : static_cast<char>(std::tolower(c)));
  return {variable, flag, takes, default_text, about, false, std::move(apply)};
}

Setting secret(Setting made) {
  made.secret = true;
  made.flag.clear();
  return made;
}

std::vector<Setting> service_settings() {
  return {
      setting("SESSION_TIMEOUT", "seconds, 1 to 604800", "3600", "hard limit of a session",
              seconds_into(&Config::session_timeout, 1, 604'800)),
      setting("IDLE_TIMEOUT", "seconds, 1 to 604800", "300",
              "a session ends so long after its client's last message",
              seconds_into(&Config::idle_timeout, 1, 604'800)),
      setting("MAX_CONTEXTS", "1 to 1000", "20",
              "sessions, and so browsers, a worker has at once; spares are beside them",
              int_into(&Config::max_contexts, 1, 1000)),
      setting("WARM_BROWSERS", "0 to 1000; 0: none", "2",
              "browsers a worker keeps started in advance, beside those of sessions",
              int_into(&Config::warm_browsers, 0, 1000)),
      setting("HOST", "an IP address", "0.0.0.0", "address to listen on", text_into(&Config::host)),
      setting("PORT", "0 to 65535; 0 takes a free one", "8000", "port to listen on",
              int_into(&Config::port, 0, 65'535)),
      secret(setting("API_KEYS", "keys, separated by commas", "",
                     "who may use the API; empty: anyone", list_into(&Config::api_keys))),
      setting("ALLOWED_ORIGINS", "origins, separated by commas, or *", "",
              "web origins that may use the API", list_into(&Config::allowed_origins)),
      setting("PUBLIC_URL", "http://... or https://...", "",
              "what URLs in answers begin with; empty: the Host of the request",
              url_into_public_url),
      setting("TRUST_FORWARDED", "true or false", "false",
              "whether X-Forwarded-Proto and -Host are believed", truth_into_trust_forwarded),
      setting("QUEUE_LIMIT", "0 to 100000", "100", "creates that may wait for a slot",
              int_into(&Config::queue_limit, 0, 100'000)),
      setting("QUEUE_TIMEOUT", "seconds, 0 to 3600", "30", "how long a create may wait for a slot",
              seconds_into(&Config::queue_timeout, 0, 3600)),
      setting("DRAIN_TIMEOUT", "seconds, 0 to 86400", "300", "given to sessions at SIGTERM",
              seconds_into(&Config::drain_timeout, 0, 86'400)),
  };
}

std::vector<Setting> browser_settings() {
  return {
      setting("ISOLATION", "sandbox or none", "sandbox",
              "none: browsers have no sandbox, ours or Chromium's",
              choice_into(&Config::isolation, {"sandbox", "none"})),
      setting("SESSION_MEMORY_MAX", "MiB, 128 to 1048576; 0: no limit", "2048",
              "memory of one session's browser, its profile included",
              none_or_int_into(&Config::session_memory_mb, 128, 1'048'576)),
      setting("SESSION_PIDS_MAX", "64 to 1000000; 0: no limit", "2048",
              "processes and threads of one session's browser",
              none_or_int_into(&Config::session_pids, 64, 1'000'000)),
      setting("SESSION_CPU_WEIGHT", "1 to 10000", "100",
              "share of the processors beside what else runs, which has 100",
              int_into(&Config::session_cpu_weight, 1, 10'000)),
      setting("SESSION_DISK_MAX", "MiB, 64 to 1048576", "512",
              "what one session's profile may hold, in memory",
              int_into(&Config::session_disk_mb, 64, 1'048'576)),
      setting("BROWSER_USER", "a user name", "pbaas",
              "who browsers run as where the service runs as root (else nobody)",
              text_into(&Config::browser_user)),
      setting("EGRESS_ALLOW", "networks, addresses and hosts, each perhaps with a port", "",
              "what browsers may reach beside public addresses; separated by commas",
              list_into(&Config::egress_allow)),
      setting("DEFAULT_BROWSER", "headless-shell or chromium", "headless-shell",
              "the browser of a create that names none",
              choice_into(&Config::default_browser, {"headless-shell", "chromium"})),
      setting("CHROMIUM", "a path", "", "full Chromium; empty: looked for",
              text_into(&Config::chromium)),
      setting("HEADLESS_SHELL", "a path", "", "headless-shell; empty: looked for",
              text_into(&Config::headless_shell)),
  };
}

std::vector<Setting> machine_settings() {
  return {
      setting("DATA_DIR", "a path", "./data",
              "the session log, recordings, and what waits for stores",
              text_into(&Config::data_dir)),
      setting("SPOOL_MAX", "bytes, 1048576 to 1099511627776", "1073741824",
              "what is kept on disk while PostgreSQL is away", bytes_into(&Config::spool_max)),
      setting("RUN_DIR", "a path", "",
              "browser profiles; empty: /dev/shm, else the temporary folder",
              text_into(&Config::run_dir)),
      setting("RELAY_THREADS", "0 to 256; 0: as many as cores", "0", "threads that relay",
              int_into(&Config::relay_threads, 0, 256)),
      setting("LOG_LEVEL", "debug, info, warn or error", "info", "least level that is logged",
              level_into_log_level),
  };
}

std::vector<Setting> recording_settings() {
  return {
      setting("MINIO_ENDPOINT", "http://... or https://...", "",
              "an S3-compatible store for recordings; empty: a folder of DATA_DIR, for serve",
              url_or_nothing_into(&Config::minio_endpoint)),
      setting("MINIO_PUBLIC_ENDPOINT", "http://... or https://...", "",
              "where clients reach that store; empty: MINIO_ENDPOINT",
              url_or_nothing_into(&Config::minio_public_endpoint)),
      secret(setting("MINIO_ACCESS_KEY", "a key's name", "", "who the service is to that store",
                     text_into(&Config::minio_access_key))),
      secret(setting("MINIO_SECRET_KEY", "a key", "", "what proves it to that store",
                     text_into(&Config::minio_secret_key))),
      setting("MINIO_REGION", "a region", "us-east-1", "the region that store signs for",
              text_into(&Config::minio_region)),
      setting("MINIO_BUCKET", "a bucket", "recordings", "made where it is missing",
              text_into(&Config::minio_bucket)),
      setting("MINIO_CA_FILE", "a path", "",
              "certificates that the store's is checked with; empty: the system's",
              text_into(&Config::minio_ca_file)),
      setting("RECORDING_TTL", "seconds, 0 to 315360000; 0: for ever", "0",
              "how long recordings are kept", seconds_into(&Config::recording_ttl, 0, 315'360'000)),
      setting("RECORDING_SPOOL_MAX", "bytes, 1048576 to 1099511627776", "10737418240",
              "recordings that may wait on disk for their store; beyond it none begins",
              bytes_into(&Config::recording_spool_max)),
  };
}

std::vector<Setting> fleet_settings() {
  return {
      secret(setting("REDIS_URL", "redis://[user:password@]host:port[/database]", "",
                     "the fleet's fast state; for gateway and worker",
                     text_into(&Config::redis_url))),
      secret(setting("DATABASE_URL", "postgresql://[user:password@]host:port/database", "",
                     "the fleet's session log; for gateway and worker",
                     database_url_into_database_url)),
      secret(setting("CLUSTER_SECRET", "16 characters or more", "",
                     "what gateways and workers prove themselves with",
                     secret_into(&Config::cluster_secret, 16))),
      setting("WORKER_PORT", "0 to 65535; 0 takes a free one", "9100",
              "port of a worker's control API", int_into(&Config::worker_port, 0, 65'535)),
      setting("WORKER_ADDRESS", "host:port, or a host", "",
              "where gateways reach a worker; empty: its address toward Redis",
              text_into(&Config::worker_address)),
      setting("HEARTBEAT", "seconds, 1 to 60", "5",
              "between a worker's heartbeats; without three of them it is taken for lost",
              seconds_into(&Config::heartbeat, 1, 60)),
      setting("WORKER_LEASE", "seconds, 1 to 3600", "90",
              "a worker that could not reach the fleet for so long ends its sessions",
              seconds_into(&Config::worker_lease, 1, 3600)),
  };
}

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> table = [] {
    auto all = service_settings();
    for (const auto& more :
         {browser_settings(), machine_settings(), recording_settings(), fleet_settings()})
      all.insert(all.end(), more.begin(), more.end());
    return all;
  }();
  return table;
}

Result<Config> load_config(const Environment& environment,
                           const std::map<std::string, std::string>& flags) {
  Config config;
  for (const auto& each : settings()) {
    const auto flag = flags.find(each.variable);
    const auto value =
        flag != flags.end() ? std::optional(flag->second) : environment(each.variable);
    if (!value || each.apply(*value, config)) continue;
    const std::string shown = each.secret ? "its value" : "\"" + *value + "\"";
    return Error{Fault::kInvalidField, each.variable + " is " + shown + "; it takes " + each.takes,
                 each.variable};
  }
  return config;
}

}  // namespace pbaas
