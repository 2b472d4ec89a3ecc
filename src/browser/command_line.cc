#include "browser/command_line.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>

#include "browser/session_init.h"
#include "egress/egress_flags.h"

namespace pbaas::browser {
namespace {

using session::BrowserKind;
using session::SessionOptions;

// What each buys is measured in docs/browser-flags.md.
constexpr const char* kFlagsOfAll[] = {
    "--remote-debugging-pipe",  // the worker's own; the port, further down, is the clients'

    // Fewer processes and a quicker start.
    "--disable-gpu",                  // there is none
    "--in-process-gpu",               // so what is left of it needs no process
    "--disable-software-rasterizer",  // nor a renderer for WebGL in software
    // The network service without a process of its own; its name changed.
    "--enable-features=NetworkServiceInProcess2,NetworkServiceInProcess",

    // Nothing goes out that no page asked for.
    "--disable-background-networking",  // no updates of lists, no field trials
    "--disable-component-update",       // no downloads of parts
    "--disable-sync",                   // nobody is signed in
    "--disable-default-apps",           // none are installed at the first start
    "--metrics-recording-only",         // no usage reports
    "--no-pings",                       // no <a ping>
    "--disable-domain-reliability",     // no reports of failed requests
    "--disable-quic",                   // UDP, for which there is no way out

    // No question is asked that nobody can answer.
    "--no-first-run",                         // no welcome
    "--no-default-browser-check",             // no offer to be the default
    "--disable-hang-monitor",                 // no "page unresponsive"
    "--disable-prompt-on-repost",             // no "send the form again?"
    "--disable-search-engine-choice-screen",  // no choice of a search engine
    "--password-store=basic",                 // does not look for a desktop's keyring
    "--use-mock-keychain",                    // the same on other systems

    // What a session did is kept nowhere.
    "--disable-breakpad",        // no core dumps of Chromium's own
    "--disable-crash-reporter",  // and no process that would send them

    // Pages run at full speed whether or not they are in front, as automation expects.
    "--disable-background-timer-throttling",     // timers of tabs in the back
    "--disable-backgrounding-occluded-windows",  // windows behind others
    "--disable-renderer-backgrounding",          // processes of tabs in the back
    "--disable-back-forward-cache",              // going back loads, as a first visit does
    "--disable-ipc-flooding-protection",         // many pushState calls are a test, not an attack
    "--disable-popup-blocking",                  // window.open without a click

    // What Puppeteer and Playwright give their headless browsers, so that pages look the same.
    "--hide-scrollbars",  // screenshots without them
    "--mute-audio",       // nobody listens
    // A mouse that hovers, as a desktop has.
    ("--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,"
     "availablePointerTypes=4"),
    "--force-color-profile=srgb",  // the same colours on every machine
    "--export-tagged-pdf",         // PDFs that can be read aloud
};

constexpr const char* kFlagsOfChromium[] = {
    "--headless=new",                                        // the whole browser, without a display
    "--disable-extensions",                                  // none can be installed
    "--disable-component-extensions-with-background-pages",  // nor are there any of Chromium's own
    // The omnibox popups are pages of Chromium's own, which clients would list beside theirs; the
    // others look for devices, hints and languages in the background.
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
  argv.push_back("--remote-debugging-port=" + std::to_string(spec.debug_port));
  argv.push_back("--user-data-dir=" + spec.folder + "/profile");
  if (spec.small_shared_memory) argv.push_back("--disable-dev-shm-usage");
  switch (spec.isolation) {
    case Isolation::kNone:
      argv.emplace_back("--no-sandbox");
      break;
    case Isolation::kSandbox:
      std::ranges::copy(egress::egress_flags(kEgressPort), std::back_inserter(argv));
      break;
  }
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

std::string signature_of(const CommandLine& line) {
  std::string text;
  // No word and no variable has a NUL byte in it.
  const auto add = [&text](const std::string& part) { text.append(part).push_back('\0'); };
  for (const auto& word : line.argv) add(word);
  for (const auto& [name, value] : line.environment) add(name + "=" + value);
  return text;
}

}  // namespace pbaas::browser
