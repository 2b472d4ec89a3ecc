#include "store/s3_address.h"

#include <algorithm>

#include "store/sigv4.h"

namespace pbaas::store {
namespace {

constexpr std::string_view kTakes =
    "; it takes http://host[:port] or https://host[:port], with {bucket}. before the host where "
    "the bucket's name is part of it";
constexpr std::string_view kPlaceOfBucket = "{bucket}.";

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
}

Error no_endpoint(std::string_view endpoint) {
  // What stands before an @ may be a password.
  const bool may_be_secret = endpoint.find('@') != std::string_view::npos;
  const auto shown = may_be_secret ? "one with a user" : "\"" + std::string(endpoint) + "\"";
  return Error{Fault::kInvalidField, "MINIO_ENDPOINT is " + shown + std::string(kTakes)};
}

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_bucket_name(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is_letter_or_digit(name[i])) continue;
    const bool inside = i > 0 && i + 1 < name.size();
    if (!inside || (name[i] != '-' && name[i] != '.')) return false;
    const bool beside_dot = name[i - 1] == '.' || name[i + 1] == '.';
    if (beside_dot || (name[i] == '.' && (name[i - 1] == '-' || name[i + 1] == '-'))) return false;
  }
  return true;
}

Result<S3Address> S3Address::parse(std::string_view endpoint, std::string_view bucket) {
  if (!is_bucket_name(bucket)) {
    return Error{Fault::kInvalidField, "MINIO_BUCKET is \"" + std::string(bucket) +
                                           "\"; it takes 3 to 63 of a-z, 0-9, - and ."};
  }
  S3Address address;
  address.endpoint_ = std::string(endpoint);
  address.bucket_ = std::string(bucket);
  auto rest = endpoint;
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const auto scheme = rest.find("://");
  if (scheme == std::string_view::npos) return no_endpoint(endpoint);
  address.scheme_ = std::string(rest.substr(0, scheme));
  if (address.scheme_ != "http" && address.scheme_ != "https") return no_endpoint(endpoint);
  rest.remove_prefix(scheme + 3);
  const bool says_so = rest.starts_with(kPlaceOfBucket);
  if (says_so) rest.remove_prefix(kPlaceOfBucket.size());
  const std::string_view own_port = address.scheme_ == "https" ? ":443" : ":80";
  if (rest.ends_with(own_port)) rest.remove_suffix(own_port.size());
  if (rest.empty() || !std::all_of(rest.begin(), rest.end(), is_host_character))
    return no_endpoint(endpoint);
  const auto name = rest.substr(0, rest.find(':'));
  address.amazon_ = name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
  const bool breaks_tls = address.scheme_ == "https" && bucket.find('.') != std::string_view::npos;
  address.bucket_in_host_ = says_so || (address.amazon_ && !breaks_tls);
  address.host_ = (address.bucket_in_host_ ? address.bucket_ + "." : "") + std::string(rest);
  return address;
}

std::string S3Address::path(std::string_view key) const {
  std::string path = "/";
  if (!bucket_in_host_) path += bucket_;
  if (key.empty()) return path;
  if (!bucket_in_host_) path += "/";
  return path + uri_encode(key, Slash::kKept);
}

std::string S3Address::url(std::string_view key, std::string_view query) const {
  std::string text = scheme_ + "://" + host_ + path(key);
  if (!query.empty()) text += "?" + std::string(query);
  return text;
}

}  // namespace pbaas::store
