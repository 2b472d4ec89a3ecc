#include "recording/har_values.h"

#include <time.h>

#include <cmath>
#include <cstdio>

#include "base/ascii.h"
#include "recording/cookie_date.h"
#include "recording/url_code.h"

namespace pbaas::recording {

namespace json = boost::json;

namespace {

template <typename Each>
void split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

std::pair<std::string, std::string> name_and_value(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {std::string(trim(text)), {}};
  return {std::string(trim(text.substr(0, equals))), std::string(trim(text.substr(equals + 1)))};
}

void add_attribute(json::object& cookie, std::string_view attribute) {
  const auto [name, value] = name_and_value(attribute);
  if (same_word(name, "path")) cookie["path"] = value;
  if (same_word(name, "domain")) cookie["domain"] = value;
  if (same_word(name, "secure")) cookie["secure"] = true;
  if (same_word(name, "httponly")) cookie["httpOnly"] = true;
  if (same_word(name, "samesite")) cookie["sameSite"] = value;
  if (!same_word(name, "expires")) return;
  if (const auto date = cookie_date(value))
    cookie["expires"] = har_time(static_cast<double>(*date));
}

json::object cookie_json(std::string_view pair, const Redactor& redactor) {
  auto [name, value] = name_and_value(pair);
  if (redactor.hides_cookies()) value = kRedacted;
  return {{"name", name}, {"value", value}};
}

std::size_t weight_of_value(const json::value& value) {
  // A value of its own, and what is around it in its container.
  constexpr std::size_t kValueBytes = 48;
  std::size_t bytes = kValueBytes;
  if (const auto* text = value.if_string()) bytes += text->size();
  if (const auto* object = value.if_object()) bytes += weight_of(*object);
  if (const auto* list = value.if_array()) {
    for (const auto& each : *list) bytes += weight_of_value(each);
  }
  return bytes;
}

}  // namespace

std::string har_time(double unix_seconds) {
  const auto micros = static_cast<std::int64_t>(std::floor(unix_seconds * 1e6));
  const auto fraction = (micros % 1'000'000 + 1'000'000) % 1'000'000;
  const time_t seconds = (micros - fraction) / 1'000'000;
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[80];
  // A year has four digits, or a validator takes it for none.
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                static_cast<int>(fraction));
  return text;
}

double monotonic_seconds(Instant at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

Headers headers_from(const json::object& object) {
  Headers headers;
  for (const auto& [name, value] : object) {
    if (!value.is_string()) continue;
    if (value.as_string().empty()) headers.emplace_back(name, "");
    split(value.as_string(), '\n',
          [&](std::string_view line) { headers.emplace_back(name, line); });
  }
  return headers;
}

std::string header_value(const Headers& headers, std::string_view name) {
  for (const auto& [each, value] : headers) {
    if (same_word(each, name)) return value;
  }
  return {};
}

std::size_t header_bytes(const Headers& headers) {
  std::size_t bytes = 2;
  for (const auto& [name, value] : headers) bytes += name.size() + value.size() + 4;
  return bytes;
}

json::array headers_json(const Headers& headers, const Redactor& redactor) {
  json::array list;
  for (const auto& [name, value] : headers) {
    list.push_back({{"name", name}, {"value", redactor.header(name, value)}});
  }
  return list;
}

json::array request_cookies_json(const Headers& headers, const Redactor& redactor) {
  json::array list;
  for (const auto& [name, value] : headers) {
    if (!same_word(name, "cookie")) continue;
    split(value, ';', [&](std::string_view pair) {
      if (!trim(pair).empty()) list.push_back(cookie_json(pair, redactor));
    });
  }
  return list;
}

json::array response_cookies_json(const Headers& headers, const Redactor& redactor) {
  json::array list;
  for (const auto& [name, value] : headers) {
    if (!same_word(name, "set-cookie")) continue;
    json::object cookie;
    split(value, ';', [&](std::string_view part) {
      if (cookie.empty()) {
        cookie = cookie_json(part, redactor);
      } else {
        add_attribute(cookie, part);
      }
    });
    list.push_back(std::move(cookie));
  }
  return list;
}

json::array query_json(std::string_view url, const Redactor& redactor) {
  const auto query = url.find('?');
  if (query == std::string_view::npos) return {};
  const auto text = redactor.url(url.substr(query, url.find('#') - query));
  return form_json(std::string_view(text).substr(1));
}

json::array form_json(std::string_view text) {
  json::array list;
  split(text, '&', [&](std::string_view pair) {
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (pair.empty()) return;
    list.push_back(
        {{"name", form_decoded(pair.substr(0, equals))}, {"value", form_decoded(value)}});
  });
  return list;
}

std::string_view valid_prefix(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  while (bytes_max > 0 && continues(text[bytes_max])) --bytes_max;
  return text.substr(0, bytes_max);
}

std::size_t weight_of(const json::object& object) {
  std::size_t bytes = 0;
  for (const auto& [name, each] : object) bytes += name.size() + weight_of_value(each);
  return bytes;
}

std::string text_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

double number_of(const json::object& object, std::string_view name, double otherwise) {
  const auto* value = object.if_contains(name);
  return value && value->is_number() ? value->to_number<double>() : otherwise;
}

bool flag_of(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value && value->is_bool() && value->as_bool();
}

const json::object& object_of(const json::object& object, std::string_view name) {
  static const json::object kEmpty;
  const auto* value = object.if_contains(name);
  return value && value->is_object() ? value->as_object() : kEmpty;
}

}  // namespace pbaas::recording
