#include "store/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "base/digest.h"
#include "store/file_digest.h"

namespace pbaas::store {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  return {reinterpret_cast<const char*>(digest.data()), size};
}

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

// Blanks around a value go and a run of them within it is one, as the signature has it.
std::string trimmed(std::string_view value) {
  std::string text;
  for (const char c : value) {
    const bool blank = c == ' ' || c == '\t';
    if (!blank) text.push_back(c);
    if (blank && !text.empty() && text.back() != ' ') text.push_back(' ');
  }
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

// "host;x-amz-date"
std::string signed_headers(const RequestToSign& request) {
  std::string names;
  for (auto each = request.headers.begin(); each != request.headers.end();
       each = request.headers.upper_bound(each->first)) {
    if (!names.empty()) names.push_back(';');
    names += each->first;
  }
  return names;
}

std::string canonical_headers(const RequestToSign& request) {
  std::string lines;
  std::string former;
  for (const auto& [name, value] : request.headers) {
    if (!lines.empty() && name == former) {
      lines.back() = ',';
    } else {
      lines += name + ":";
    }
    lines += trimmed(value) + "\n";
    former = name;
  }
  return lines;
}

std::string scope_text(const SigningScope& scope, WallTime time) {
  return amz_time(time).substr(0, 8) + "/" + scope.region + "/" + scope.service + "/aws4_request";
}

std::string signature(const RequestToSign& request, const Credentials& credentials,
                      const SigningScope& scope, WallTime time) {
  const std::string to_sign = std::string(kAlgorithm) + "\n" + amz_time(time) + "\n" +
                              scope_text(scope, time) + "\n" +
                              sha256_hex(canonical_request(request));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, amz_time(time).substr(0, 8));
  for (const auto& part : {scope.region, scope.service, std::string("aws4_request")})
    key = hmac_sha256(key, part);
  return to_hex(hmac_sha256(key, to_sign));
}

}  // namespace

std::string uri_encode(std::string_view text, Slash slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::kKept)) {
      encoded.push_back(c);
      continue;
    }
    encoded.push_back('%');
    encoded.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    encoded.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return encoded;
}

std::string amz_time(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(
      std::chrono::time_point_cast<std::chrono::system_clock::duration>(time));
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return {text.data(), size};
}

std::string canonical_query(const std::multimap<std::string, std::string>& query) {
  // The order is that of the encoded text, which is not always that of the plain.
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : query)
    pairs.emplace_back(uri_encode(name, Slash::kEncoded), uri_encode(value, Slash::kEncoded));
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    if (!text.empty()) text.push_back('&');
    text += name + "=" + value;
  }
  return text;
}

std::string canonical_request(const RequestToSign& request) {
  return request.method + "\n" + request.path + "\n" + canonical_query(request.query) + "\n" +
         canonical_headers(request) + "\n" + signed_headers(request) + "\n" +
         request.payload_sha256;
}

std::string authorization(const RequestToSign& request, const Credentials& credentials,
                          const SigningScope& scope, WallTime time) {
  return std::string(kAlgorithm) + " Credential=" + credentials.access_key + "/" +
         scope_text(scope, time) + ", SignedHeaders=" + signed_headers(request) +
         ", Signature=" + signature(request, credentials, scope, time);
}

std::string presigned_query(RequestToSign request, const Credentials& credentials,
                            const SigningScope& scope, WallTime time,
                            std::chrono::seconds lifetime) {
  request.query.emplace("X-Amz-Algorithm", kAlgorithm);
  request.query.emplace("X-Amz-Credential", credentials.access_key + "/" + scope_text(scope, time));
  request.query.emplace("X-Amz-Date", amz_time(time));
  request.query.emplace("X-Amz-Expires", std::to_string(lifetime.count()));
  request.query.emplace("X-Amz-SignedHeaders", signed_headers(request));
  return canonical_query(request.query) +
         "&X-Amz-Signature=" + signature(request, credentials, scope, time);
}

}  // namespace pbaas::store
