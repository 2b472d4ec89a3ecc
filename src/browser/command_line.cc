#include "browser/command_line.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace pbaas::browser {
namespace {

using session::BrowserKind;
using session::SessionOptions;

constexpr const char* kFlagsOfAll[] = {
    // The pipe is the worker's, the port the clients'; port 0 lets the kernel choose one on
    // loopback.
    "--remote-debugging-pipe",
    "--remote-debugging-port=0",
    // Fewer processes and a quicker start; see docs/ for the numbers.
    "--disable-gpu",
    "--in-process-gpu",
    "--disable-software-rasterizer",
    "--enable-features=NetworkServiceInProcess2,NetworkServiceInProcess",
    // Nothing goes out that no page asked for.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--metrics-recording-only",
    "--no-pings",
    "--disable-domain-reliability",
    // UDP is often blocked, and a proxy cannot see it.
    "--disable-quic",
    // No question is asked that nobody can answer.
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-hang-monitor",
    "--disable-prompt-on-repost",
    "--disable-search-engine-choice-screen",
    // A password store would look for a desktop's keyring.
    "--password-store=basic",
    "--use-mock-keychain",
    // Core dumps and crash reports would keep what a session did.
    "--disable-breakpad",
    "--disable-crash-reporter",
    // Pages run at full speed whether or not they are in front, as automation expects.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-back-forward-cache",
    "--disable-ipc-flooding-protection",
    "--disable-popup-blocking",
    // What Puppeteer and Playwright give their headless browsers, so that pages look the same.
    "--hide-scrollbars",
    "--mute-audio",
    ("--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,"
     "availablePointerTypes=4"),
    "--force-color-profile=srgb",
    "--export-tagged-pdf",
};

constexpr const char* kFlagsOfChromium[] = {
    "--headless=new",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    // The omnibox popups are pages of Chromium's own, which clients would list beside theirs.
    ("--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,Translate,MediaRouter,"
     "OptimizationHints,AcceptCHFrame"),
};

std::string plain(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", number);
  return text;
}

// The tab strip and the address bar of a full Chromium's window, which headless mode has too, in
// CSS pixels; the tests of this file see to it that it stays right.
constexpr int kChromiumFrameHeight = 87;

// The screen has the viewport's size, as it has in a phone's or a kiosk's browser; --screen-info
// takes physical pixels.
void add_viewport(const SessionOptions& options, std::vector<std::string>& argv) {
  if (!options.viewport) return;
  const auto& viewport = *options.viewport;
  const double scale = viewport.device_scale_factor;
  const bool has_frame = options.browser == BrowserKind::kChromium;
  const auto physical = [scale](int length) { return std::to_string(std::lround(length * scale)); };
  argv.push_back("--window-size=" + std::to_string(viewport.width) + "," +
                 std::to_string(viewport.height + (has_frame ? kChromiumFrameHeight : 0)));
  argv.push_back("--force-device-scale-factor=" + plain(scale));
  argv.push_back("--screen-info={" + physical(viewport.width) + "x" + physical(viewport.height) +
                 " devicePixelRatio=" + plain(scale) + "}");
}

void add_identity(const SessionOptions& options, std::vector<std::string>& argv) {
  if (options.user_agent) argv.push_back("--user-agent=" + *options.user_agent);
  const std::string locale = options.locale.value_or("en-US");
  argv.push_back("--lang=" + locale);
  argv.push_back("--accept-lang=" + locale);
}

void add_place(const CommandLineSpec& spec, std::vector<std::string>& argv) {
  argv.push_back("--user-data-dir=" + spec.folder + "/profile");
  if (spec.small_shared_memory) argv.push_back("--disable-dev-shm-usage");
  if (spec.isolation == Isolation::kNone) argv.push_back("--no-sandbox");
}

// "fr-FR" is "fr_FR.UTF-8" to the C library and to ICU.
std::string posix_locale(const SessionOptions& options) {
  std::string name = options.locale.value_or("en-US");
  std::replace(name.begin(), name.end(), '-', '_');
  return name + ".UTF-8";
}

std::map<std::string, std::string> environment(const SessionOptions& options,
                                               const CommandLineSpec& spec) {
  std::map<std::string, std::string> variables{
      {"HOME", spec.folder},
      {"TMPDIR", spec.folder + "/tmp"},
      {"XDG_CONFIG_HOME", spec.folder + "/config"},
      {"XDG_CACHE_HOME", spec.folder + "/cache"},
      {"PATH", "/usr/local/bin:/usr/bin:/bin"},
      {"LANG", posix_locale(options)},
      {"LANGUAGE", options.locale.value_or("en-US")},
      // There is no desktop's bus to look for.
      {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/dev/null"},
      {"DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/dev/null"},
  };
  if (options.timezone) variables["TZ"] = *options.timezone;
  return variables;
}

}  // namespace

CommandLine command_line(const SessionOptions& options, const CommandLineSpec& spec) {
  CommandLine line;
  line.argv = {spec.binary};
  for (const char* flag : kFlagsOfAll) line.argv.emplace_back(flag);
  switch (options.browser) {
    case BrowserKind::kHeadlessShell:
      line.argv.emplace_back("--headless");
      break;
    case BrowserKind::kChromium:
      for (const char* flag : kFlagsOfChromium) line.argv.emplace_back(flag);
      break;
  }
  add_viewport(options, line.argv);
  add_identity(options, line.argv);
  add_place(spec, line.argv);
  line.argv.insert(line.argv.end(), options.args.begin(), options.args.end());
  // Clients expect one page to be there when they connect.
  line.argv.emplace_back("about:blank");
  line.environment = environment(options, spec);
  return line;
}

}  // namespace pbaas::browser
