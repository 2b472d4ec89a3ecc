// What a HAR hides: credentials in headers, cookies, URLs and request bodies, known by their names.
// Names are compared without letter case, "-" and "_". Bodies that cannot be read, but might hide
// a secret, are left out. Pure; any thread.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "session/record_options.h"

namespace pbaas::recording {

inline constexpr std::string_view kRedacted = "[redacted]";

class Redactor {
 public:
  explicit Redactor(const session::HarOptions& options);

  // Whether a header, cookie, parameter, form field or JSON key of that name is secret.
  bool is_secret(std::string_view name) const;
  bool hides_cookies() const { return is_active_; }
  // Parameters after "?", "#" or "&", and the password before "@".
  std::string url(std::string_view url) const;
  std::string header(std::string_view name, std::string_view value) const;
  // A request body, by its Content-Type. Nothing: it must be left out.
  std::optional<std::string> body(std::string_view type, std::string_view text) const;
  // A message of a WebSocket or an event stream: JSON or nothing we know.
  std::string message(std::string_view text) const;

 private:
  std::string pairs(std::string_view text) const;
  std::optional<std::string> json_text(std::string_view text) const;
  std::string multipart(std::string_view type, std::string_view text) const;

  bool is_active_;
  std::set<std::string> names_;
};

}  // namespace pbaas::recording
