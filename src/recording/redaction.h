// What a HAR hides: credentials in headers, cookies, URLs, request bodies and messages, known by
// their names (secret_names.h). Bodies that cannot be read, but might hide a secret, are left out.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "recording/redacted_text.h"
#include "recording/secret_names.h"
#include "session/record_options.h"

namespace pbaas::recording {

class Redactor {
 public:
  explicit Redactor(const session::HarOptions& options);

  // Whether a header, cookie, parameter, form field or JSON key of that name is secret.
  bool is_secret(std::string_view name) const { return is_active_ && names_.is_secret(name); }
  bool hides_cookies() const { return is_active_; }
  // What cannot be searched, such as the bytes that a page sends, must be left out.
  bool hides_binary() const { return is_active_; }
  std::string url(std::string_view url) const;
  std::string header(std::string_view name, std::string_view value) const;
  // A request body, by its Content-Type: JSON, a form, or parts that are. Nothing: it is none of
  // them, and must be left out.
  std::optional<std::string> body(std::string_view type, std::string_view text) const;
  // A message of a WebSocket or an event stream. JSON that cannot be read is hidden as a whole.
  std::string message(std::string_view text) const;

 private:
  std::optional<std::string> lines(std::string_view text) const;
  std::optional<std::string> multipart(std::string_view type, std::string_view text) const;
  std::string part(std::string_view part) const;

  const bool is_active_;
  const SecretNames names_;
};

}  // namespace pbaas::recording
