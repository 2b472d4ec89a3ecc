#include "session/chromium_args.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"

namespace pbaas::session {
namespace {

bool nothing(std::string_view) {
  return false;
}

template <typename Predicate>
bool all_of_nonempty(std::string_view value, Predicate accepts) {
  return !value.empty() && std::all_of(value.begin(), value.end(), accepts);
}

bool is_alphanumeric(char c) {
  return is_digit(c) || is_letter(c);
}

// Names of Blink features. Only disabling is offered: enabling reaches doors such as MojoJS, with
// which a page talks to the browser process as if it had left its sandbox.
bool feature_names(std::string_view value) {
  return all_of_nonempty(value, [](char c) { return is_alphanumeric(c) || c == ','; });
}

bool coordinates(std::string_view value) {
  const auto comma = value.find(',');
  if (comma == std::string_view::npos || value.size() > 11) return false;
  return all_of_nonempty(value.substr(0, comma), is_digit) &&
         all_of_nonempty(value.substr(comma + 1), is_digit);
}

bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool rgba(std::string_view value) {
  return value.size() == 8 && all_of_nonempty(value, is_hex_digit);
}

template <std::size_t N>
bool one_of(std::string_view value, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), value) != words.end();
}

bool color_profile(std::string_view value) {
  constexpr std::array<std::string_view, 4> kWords{"srgb", "display-p3-d65", "color-spin-gamma24",
                                                   "scrgb-linear"};
  return one_of(value, kWords);
}

bool hinting(std::string_view value) {
  constexpr std::array<std::string_view, 5> kWords{"none", "slight", "medium", "full", "max"};
  return one_of(value, kWords);
}

bool autoplay_policy(std::string_view value) {
  constexpr std::array<std::string_view, 3> kWords{
      "no-user-gesture-required", "user-gesture-required", "document-user-activation-required"};
  return one_of(value, kWords);
}

bool touch_events(std::string_view value) {
  constexpr std::array<std::string_view, 3> kWords{"auto", "enabled", "disabled"};
  return one_of(value, kWords);
}

// Flags a client may know from elsewhere, for which there is a field.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kFieldInstead{{
    {"--window-size", "viewport"},
    {"--force-device-scale-factor", "viewport.device_scale_factor"},
    {"--user-agent", "user_agent"},
    {"--lang", "locale"},
    {"--accept-lang", "locale"},
    {"--proxy-server", "proxy"},
    {"--proxy-bypass-list", "proxy"},
    {"--headless", "browser"},
    {"--timeout", "timeout"},
}};

std::string listed_flags() {
  std::string text = "one of";
  for (const auto& flag : allowed_flags()) {
    text += text == "one of" ? " " : ", ";
    text += flag.name;
    if (!flag.takes.empty()) text += '=';
  }
  return text;
}

}  // namespace

const std::vector<ChromiumFlag>& allowed_flags() {
  static const std::vector<ChromiumFlag> flags{
      {"--autoplay-policy", "an autoplay policy such as no-user-gesture-required", autoplay_policy},
      {"--default-background-color", "a colour as 8 hexadecimal digits, RRGGBBAA", rgba},
      {"--disable-2d-canvas-clip-aa", "", nothing},
      {"--disable-background-timer-throttling", "", nothing},
      {"--disable-backgrounding-occluded-windows", "", nothing},
      {"--disable-blink-features", "names of Blink features, separated by commas", feature_names},
      {"--disable-font-subpixel-positioning", "", nothing},
      {"--disable-gpu", "", nothing},
      {"--disable-ipc-flooding-protection", "", nothing},
      {"--disable-lcd-text", "", nothing},
      {"--disable-notifications", "", nothing},
      {"--disable-partial-raster", "", nothing},
      {"--disable-popup-blocking", "", nothing},
      {"--disable-reading-from-canvas", "", nothing},
      {"--disable-remote-fonts", "", nothing},
      {"--disable-renderer-backgrounding", "", nothing},
      {"--disable-smooth-scrolling", "", nothing},
      {"--disable-speech-api", "", nothing},
      {"--disable-webgl", "", nothing},
      {"--font-render-hinting", "none, slight, medium, full or max", hinting},
      {"--force-color-profile", "a colour profile such as srgb", color_profile},
      {"--force-dark-mode", "", nothing},
      {"--force-prefers-reduced-motion", "", nothing},
      {"--hide-scrollbars", "", nothing},
      {"--ignore-certificate-errors", "", nothing},
      {"--mute-audio", "", nothing},
      {"--run-all-compositor-stages-before-draw", "", nothing},
      {"--touch-events", "auto, enabled or disabled", touch_events},
      {"--use-fake-device-for-media-stream", "", nothing},
      {"--use-fake-ui-for-media-stream", "", nothing},
      {"--window-position", "two numbers such as 0,0", coordinates},
  };
  return flags;
}

boost::system::result<void, std::string> check_arg(std::string_view arg) {
  if (arg.size() > kArgBytesMax) return "at most " + std::to_string(kArgBytesMax) + " bytes";
  const auto equals = arg.find('=');
  const auto name = arg.substr(0, equals);
  for (const auto& [flag, field] : kFieldInstead) {
    if (name == flag) return "no such flag; use the field " + std::string(field) + " instead";
  }
  for (const auto& flag : allowed_flags()) {
    if (flag.name != name) continue;
    if (equals == std::string_view::npos) {
      if (flag.takes.empty()) return {};
      return std::string(name) + "=, then " + std::string(flag.takes);
    }
    if (flag.accepts(arg.substr(equals + 1))) return {};
    if (flag.takes.empty()) return std::string(name) + " without a value";
    return std::string(name) + "=, then " + std::string(flag.takes);
  }
  return listed_flags();
}

}  // namespace pbaas::session
