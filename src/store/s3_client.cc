#include "store/s3_client.h"

#include <algorithm>
#include <ctime>
#include <random>
#include <set>

#include "base/digest.h"
#include "base/log.h"
#include "store/s3_answer.h"

namespace pbaas::store {
namespace {

// A clock or a region that is wrong again after it was put right is wrong for another reason.
constexpr int kCorrectionsMax = 3;

bool is_success(int status) {
  return status >= 200 && status < 300;
}

// What may be otherwise at the next try.
bool may_pass(int status, const std::string& code) {
  static const std::set<std::string> kPassing{
      "RequestTimeout",     "SlowDown",         "InternalError",
      "ServiceUnavailable", "BadDigest",        "XAmzContentSHA256Mismatch",
      "IncompleteBody",     "OperationAborted", "TooManyRequests"};
  return status >= 500 || status == 408 || status == 429 || kPassing.contains(code);
}

// What the person who reads the error can do.
std::string cure(const std::string& code) {
  if (code == "SignatureDoesNotMatch" || code == "InvalidAccessKeyId")
    return "; check MINIO_ACCESS_KEY and MINIO_SECRET_KEY";
  if (code == "AccessDenied") return "; the key may not do that in this bucket";
  if (code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed")
    return "; check MINIO_ENDPOINT and MINIO_REGION";
  return {};
}

// RFC 9110's preferred form, "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<WallTime> read_http_date(const std::string& text) {
  std::tm utc{};
  const char* rest = strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  return WallTime{std::chrono::seconds(timegm(&utc))};
}

RequestToSign to_sign(const S3Request& request, const S3Address& address, WallTime now) {
  RequestToSign made{request.method, address.path(request.key), request.query, {}, {}};
  made.payload_sha256 = request.file < 0 ? sha256_hex(request.body) : request.file_sha256;
  made.headers.insert(request.headers.begin(), request.headers.end());
  made.headers.emplace("host", address.host());
  made.headers.emplace("x-amz-date", amz_time(now));
  made.headers.emplace("x-amz-content-sha256", made.payload_sha256);
  return made;
}

}  // namespace

S3Client::S3Client(S3Options options, S3Address address, S3Address public_address,
                   const Clock& clock, const Interrupt& interrupt)
    : options_(std::move(options)),
      address_(std::move(address)),
      public_address_(std::move(public_address)),
      clock_(clock),
      interrupt_(interrupt),
      transfers_(options_.ca_file, options_.transfer, interrupt),
      region_(options_.region) {}

Result<S3Answer> S3Client::send(const S3Request& request, Deadline deadline) {
  std::string why;
  int corrections = 0;
  for (int tries = 0; tries < options_.retry.tries_max;) {
    if (deadline.passed(clock_)) return error(request.method, why.empty() ? "no time left" : why);
    const auto answer = send_once(request, deadline);
    auto judged =
        answer ? judge(*answer, corrections) : Judged{Next::kAgainLater, answer.error().detail};
    if (judged.next == Next::kAnswer) return S3Answer{*answer, std::move(judged.code)};
    why = std::move(judged.why);
    if (judged.next == Next::kGiveUp) break;
    if (judged.next == Next::kAgainAtOnce) {
      ++corrections;
      continue;
    }
    ++tries;
    const auto wait = std::min(wait_before_retry(tries), deadline.left(clock_));
    if (tries < options_.retry.tries_max && interrupt_.wait_for(wait)) break;
  }
  return error(request.method, why);
}

Result<HttpAnswer> S3Client::send_once(const S3Request& request, Deadline deadline) {
  const auto time = now();
  const auto signed_request = to_sign(request, address_, time);
  HttpCall call{request.method,
                address_.url(request.key, canonical_query(request.query)),
                {},
                request.body,
                request.file,
                request.file_offset,
                request.file_bytes};
  for (const auto& [name, value] : signed_request.headers)
    call.headers.push_back(name + ": " + value);
  call.headers.push_back("Authorization: " +
                         authorization(signed_request, options_.credentials, {region()}, time));
  return transfers_.perform(call, deadline.left(clock_));
}

S3Client::Judged S3Client::judge(const HttpAnswer& answer, int corrections) {
  if (is_success(answer.status)) return {};
  auto fault = read_fault(answer.body);
  if (fault.region.empty()) fault.region = answer.header("x-amz-bucket-region");
  const std::string why = "it answered " + std::to_string(answer.status) +
                          (fault.code.empty() ? "" : " " + fault.code) + cure(fault.code);
  if (may_pass(answer.status, fault.code)) return {Next::kAgainLater, why};
  if (answer.status == 404 || answer.status == 409 || answer.status == 416)
    return {Next::kAnswer, why, fault.code};
  if (corrections < kCorrectionsMax) {
    // An answer to HEAD has no body, so that a wrong clock can only be guessed from the Date.
    const bool skewed = fault.code == "RequestTimeTooSkewed" || fault.code == "RequestExpired" ||
                        (answer.status == 403 && answer.body.empty());
    if (skewed && adopt_time(answer)) return {Next::kAgainAtOnce, why};
    if (!fault.region.empty() && adopt_region(fault.region)) return {Next::kAgainAtOnce, why};
  }
  return {Next::kGiveUp, why};
}

bool S3Client::adopt_time(const HttpAnswer& answer) {
  // Stores take 15 minutes; what is off by less was refused for another reason.
  constexpr Duration kTolerated = std::chrono::minutes(10);
  const auto theirs = read_http_date(answer.header("date"));
  if (!theirs) return false;
  const Duration off = *theirs - now();
  if (off < kTolerated && off > -kTolerated) return false;
  skew_ms_ = (*theirs - clock_.wall()).count();
  log::warn("object store's clock differs",
            {{"endpoint", address_.endpoint()}, {"by_s", skew_ms_.load() / 1000}});
  return true;
}

bool S3Client::adopt_region(const std::string& region) {
  const std::lock_guard lock(mutex_);
  if (region == region_) return false;
  log::info("object store's region differs",
            {{"endpoint", address_.endpoint()}, {"set", region_}, {"used", region}});
  region_ = region;
  return true;
}

Duration S3Client::wait_before_retry(int tries) const {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto ceiling = std::min<std::int64_t>(
      options_.retry.most.count(), options_.retry.first.count() << std::min(tries - 1, 20));
  return Duration{std::uniform_int_distribution<std::int64_t>(0, ceiling)(random)};
}

std::string S3Client::presign(const std::string& key, const PresignOptions& options) const {
  RequestToSign request{"GET", public_address_.path(key), {}, {}, "UNSIGNED-PAYLOAD"};
  request.headers.emplace("host", public_address_.host());
  if (!options.download_name.empty()) {
    request.query.emplace("response-content-disposition",
                          "attachment; filename=\"" + options.download_name + "\"");
  }
  if (!options.content_type.empty())
    request.query.emplace("response-content-type", options.content_type);
  return public_address_.url(
      key, presigned_query(request, options_.credentials, {region()}, now(), options.lifetime));
}

Error S3Client::error(const std::string& did, const std::string& why) const {
  return Error{Fault::kStoreUnavailable, "the object store at " + address_.endpoint() +
                                             ", bucket \"" + address_.bucket() + "\", failed at " +
                                             did + ": " + why};
}

std::string S3Client::region() const {
  const std::lock_guard lock(mutex_);
  return region_;
}

WallTime S3Client::now() const {
  return clock_.wall() + Duration{skew_ms_.load()};
}

}  // namespace pbaas::store
