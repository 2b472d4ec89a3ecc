#include "main/doctor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

#include "base/unique_fd.h"
#include "browser/checks.h"
#include "main/assets.h"
#include "main/launcher_config.h"

namespace pbaas {
namespace {

using browser::Check;

Check check_port(const Config& config) {
  const std::string name = "port " + std::to_string(config.port);
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(config.port));
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    return {name, true, "is free"};
  }
  return {name, false,
          std::string(std::strerror(errno)) + ": set PORT to another, or stop who has it"};
}

Check check_data_dir(const Config& config) {
  std::error_code error;
  std::filesystem::create_directories(config.data_dir, error);
  if (!error && access(config.data_dir.c_str(), W_OK) == 0)
    return {"DATA_DIR", true, config.data_dir};
  return {"DATA_DIR", false,
          "\"" + config.data_dir + "\" cannot be written to: set DATA_DIR to a folder that can"};
}

Check check_assets() {
  const auto folder = assets_folder();
  std::error_code error;
  const bool all =
      std::filesystem::exists(folder / "node_modules/swagger-ui-dist/swagger-ui-bundle.js", error);
  return {"reference", all,
          all ? folder.string() : "/docs has no page to show: run scripts/setup run", false};
}

void print(const Check& check) {
  const char* word = check.ok ? "ok  " : check.required ? "FAIL" : "warn";
  std::printf("%s  %-18s %s\n", word, check.name.c_str(), check.text.c_str());
}

}  // namespace

int doctor(const Config& config) {
  const SystemClock clock;
  auto checks = browser::run_checks(launcher_config_as_found(config), clock);
  checks.push_back(check_port(config));
  checks.push_back(check_data_dir(config));
  checks.push_back(check_assets());
  bool all = true;
  for (const auto& check : checks) {
    print(check);
    all &= check.ok || !check.required;
  }
  return all ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace pbaas
