// AWS Signature Version 4: what proves to an S3-compatible store who asks, without sending the
// secret. Pure: the time comes from the caller. After
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace pbaas::store {

struct Credentials {
  std::string access_key;
  std::string secret_key;  // Never in a log line, an error or a URL.
};

// What a signature holds for, besides its day.
struct SigningScope {
  std::string region;
  std::string service = "s3";
};

// A request as it is to be signed. The path is percent-encoded already, exactly as it is sent: S3,
// unlike other services, signs it as it is. The query is not encoded.
struct RequestToSign {
  std::string method;
  std::string path = "/";
  std::multimap<std::string, std::string> query;
  std::multimap<std::string, std::string> headers;  // by lower-case name; all of them are signed
  std::string payload_sha256;                       // hexadecimal, or "UNSIGNED-PAYLOAD"
};

// Percent-encoding as S3 wants it: all but letters, digits and -._~ is %XX, a slash only where
// asked.
enum class Slash { kKept, kEncoded };
std::string uri_encode(std::string_view text, Slash slash);

// "20150830T123600Z"
std::string amz_time(WallTime time);
// The query, encoded and in the order that is signed.
std::string canonical_query(const std::multimap<std::string, std::string>& query);
std::string canonical_request(const RequestToSign& request);

// The value of the Authorization header. The request has its x-amz-date already.
std::string authorization(const RequestToSign& request, const Credentials& credentials,
                          const SigningScope& scope, WallTime time);
// The whole query of a URL that is good for `request`, by anyone, until `lifetime` after `time`.
std::string presigned_query(RequestToSign request, const Credentials& credentials,
                            const SigningScope& scope, WallTime time,
                            std::chrono::seconds lifetime);

}  // namespace pbaas::store
