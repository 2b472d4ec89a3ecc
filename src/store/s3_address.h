// Where a bucket is, and so what a request's URL, Host and path are: path style
// (https://host/bucket/key), as MinIO and Ceph take it, or virtual-host style
// (https://bucket.host/key), as AWS wants it. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace pbaas::store {

class S3Address {
 public:
  // `endpoint` is "http(s)://host[:port]". Virtual-host style for Amazon's hosts, unless the
  // bucket's dots would break TLS's wildcard, and where the endpoint says so itself:
  // "https://{bucket}.host". Errors: kInvalidField, naming what it takes.
  static Result<S3Address> parse(std::string_view endpoint, std::string_view bucket);

  // Of the key, or of the bucket itself where it is empty; percent-encoded.
  std::string path(std::string_view key) const;
  // As it is signed and sent: without the scheme's own port.
  const std::string& host() const { return host_; }
  std::string url(std::string_view key, std::string_view query) const;
  const std::string& bucket() const { return bucket_; }
  // As an error shows it.
  const std::string& endpoint() const { return endpoint_; }
  // Amazon alone wants a new bucket's region said in the request.
  bool is_amazon() const { return amazon_; }

 private:
  std::string endpoint_;
  std::string scheme_;
  std::string host_;
  std::string bucket_;
  bool amazon_ = false;
  bool bucket_in_host_ = false;
};

// The rules that S3, MinIO and Ceph share: 3 to 63 of a-z, 0-9, '-' and '.', letters or digits at
// both ends and at both sides of a dot.
bool is_bucket_name(std::string_view name);

}  // namespace pbaas::store
