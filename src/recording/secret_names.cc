#include "recording/secret_names.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "recording/url_code.h"

namespace pbaas::recording {
namespace {

// Telling wherever they are in a name: too long to be there by chance.
constexpr auto kSecretParts = std::to_array<std::string_view>({"passw",
                                                               "passphrase",
                                                               "passcode",
                                                               "passkey",
                                                               "pwd",
                                                               "userpass",
                                                               "loginpass",
                                                               "newpass",
                                                               "oldpass",
                                                               "adminpass",
                                                               "rootpass",
                                                               "dbpass",
                                                               "secret",
                                                               "token",
                                                               "credential",
                                                               "signature",
                                                               "authorization",
                                                               "authentication",
                                                               "bearer",
                                                               "saml",
                                                               "assertion",
                                                               "sessid",
                                                               "sessionid",
                                                               "sessionkey",
                                                               "apikey",
                                                               "accesskey",
                                                               "authkey",
                                                               "privatekey",
                                                               "privkey",
                                                               "subscriptionkey",
                                                               "functionskey",
                                                               "sharedkey",
                                                               "masterkey",
                                                               "signingkey",
                                                               "encryptionkey",
                                                               "storagekey",
                                                               "accountkey",
                                                               "servicekey",
                                                               "deploykey",
                                                               "licensekey",
                                                               "consumerkey",
                                                               "clientkey",
                                                               "applicationkey",
                                                               "appkey",
                                                               "adminkey",
                                                               "resetkey",
                                                               "activationkey",
                                                               "authcode",
                                                               "accesscode",
                                                               "securitycode",
                                                               "verifycode",
                                                               "logincode",
                                                               "onetimecode",
                                                               "smscode",
                                                               "backupcode",
                                                               "recoverycode",
                                                               "devicecode",
                                                               "resetcode",
                                                               "activationcode",
                                                               "verificationcode",
                                                               "confirmationcode",
                                                               "codeverifier",
                                                               "twofactor",
                                                               "cardnumber",
                                                               "creditcard",
                                                               "mnemonic",
                                                               "connectionstring"});
// Telling where they are a word of their own: "pin" is, "spinner" is not.
constexpr auto kSecretWords = std::to_array<std::string_view>({
    "pass",    "pw",   "auth", "oauth", "authenticate", "jwt", "jws",    "jwe",     "otp",
    "totp",    "hotp", "mfa",  "pin",   "cvv",          "cvc", "cookie", "cookies", "setcookie",
    "session", "sess", "sid",  "csrf",  "xsrf",         "sig", "hmac",   "cred",    "creds",
});
// Telling where they are the whole name, or the last in brackets. "code" is OAuth's, "wresult"
// WS-Federation's; a status code or a sort key is no secret.
constexpr auto kSecretNames = std::to_array<std::string_view>({"code", "key", "xauth", "wresult"});

constexpr int kDecodingsMax = 3;

template <std::size_t kSize>
bool contains(const std::array<std::string_view, kSize>& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}

// Letters of other scripts than ours are UTF-8.
bool belongs_to_word(char c) {
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}

// Between "new" and "Pwd", "SAML" and "Response", "pin" and "1".
bool starts_word(std::string_view name, std::size_t at) {
  const char before = name[at - 1];
  const char here = name[at];
  if (is_digit(before) != is_digit(here)) return true;
  if (!is_upper(here)) return false;
  const bool is_before_lower =
      at + 1 < name.size() && is_letter(name[at + 1]) && !is_upper(name[at + 1]);
  return !is_upper(before) || is_before_lower;
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (!belongs_to_word(name[i])) {
      words.emplace_back();
      continue;
    }
    if (!words.back().empty() && starts_word(name, i)) words.emplace_back();
    words.back() += to_lower(name[i]);
  }
  return words;
}

// "X-Api_Key" and "xApiKey" are the same name.
std::string bare(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != ' ' && c != '.') result += to_lower(c);
  }
  return result;
}

// "code" of "user[code][0]" and of "user.code".
std::string last_part(std::string_view name) {
  std::string part;
  while (part.empty() && !name.empty()) {
    const auto cut = name.find_last_of("[].:/$@!()~*'");
    const auto last = name.substr(cut == std::string_view::npos ? 0 : cut + 1);
    if (!std::all_of(last.begin(), last.end(), is_digit)) part = bare(last);
    name = name.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
  return part;
}

std::string fully_decoded(std::string_view name) {
  std::string result(name);
  for (int i = 0; i < kDecodingsMax && result.find('%') != std::string::npos; ++i)
    result = percent_decoded(result);
  return result;
}

}  // namespace

SecretNames::SecretNames(const std::vector<std::string>& besides) {
  for (const auto& name : besides) besides_.insert(bare(name));
}

bool SecretNames::is_secret(std::string_view encoded) const {
  const auto name = fully_decoded(encoded);
  const auto whole = bare(name);
  const auto last = last_part(name);
  if (besides_.contains(whole) || besides_.contains(last) || contains(kSecretNames, last))
    return true;
  const auto words = words_of(name);
  return std::any_of(words.begin(), words.end(),
                     [](const std::string& word) { return contains(kSecretWords, word); }) ||
         std::any_of(kSecretParts.begin(), kSecretParts.end(),
                     [&](std::string_view part) { return whole.find(part) != std::string::npos; });
}

}  // namespace pbaas::recording
