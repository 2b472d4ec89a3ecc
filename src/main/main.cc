// The program's command line: one subcommand for each part it can play.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include "base/config.h"
#include "main/doctor.h"
#include "main/gateway.h"
#include "main/serve.h"
#include "main/version.h"
#include "main/worker.h"

namespace {

using pbaas::Config;
using Flags = std::map<std::string, std::string>;

void add_settings(CLI::App& command, Flags& flags) {
  for (const auto& setting : pbaas::settings()) {
    if (setting.secret) continue;
    command
        .add_option_function<std::string>(
            setting.flag,
            [&flags, name = setting.variable](const std::string& value) { flags[name] = value; },
            setting.about + " (" + setting.takes + "; " + setting.variable + ")")
        ->default_str(setting.default_text);
  }
}

pbaas::Result<Config> configure(const Flags& flags) {
  const auto environment = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  return pbaas::load_config(environment, flags);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Parallel Browsers as a Service: remote Chromium sessions over the Chrome DevTools Protocol",
      "pbaas");
  app.set_version_flag("--version", std::string("pbaas ") + pbaas::kVersion);
  app.require_subcommand(1);
  Flags flags;
  auto* serve = app.add_subcommand("serve", "a gateway and a worker in one process");
  auto* gateway = app.add_subcommand("gateway", "the front door of a fleet, one of any number");
  auto* worker =
      app.add_subcommand("worker", "the browsers of one machine, for the gateways of a fleet");
  auto* doctor = app.add_subcommand("doctor", "checks what this machine has, and says what to do");
  add_settings(*serve, flags);
  add_settings(*gateway, flags);
  add_settings(*worker, flags);
  add_settings(*doctor, flags);
  CLI11_PARSE(app, argc, argv);

  const auto config = configure(flags);
  if (!config) {
    std::fprintf(stderr, "pbaas: %s\n", config.error().detail.c_str());
    return EXIT_FAILURE;
  }
  pbaas::log::set_level(config->log_level);
  if (doctor->parsed()) return pbaas::doctor(*config);
  if (gateway->parsed()) return pbaas::run_gateway(*config);
  if (worker->parsed()) return pbaas::run_worker(*config);
  return pbaas::serve(*config);
}
