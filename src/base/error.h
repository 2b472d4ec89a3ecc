// Errors are values. An Error is a Fault, which decides the HTTP status and the public `reason`
// word, and one sentence for the person who has to act on it. What only a bug can do is an
// assertion, not an Error.
#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pbaas {

// The closed list of what can go wrong. Each has one HTTP status and one `reason`, in the table in
// error.cc.
enum class Fault {
  kMalformedHttp,
  kMalformedJson,
  kInvalidField,
  kUnknownField,
  kInvalidQuery,
  kBadUpgrade,
  kUseConnectOverCdp,
  kUnauthorized,
  kOriginNotAllowed,
  kNoSuchRoute,
  kNoSuchSession,
  kNoSuchTarget,
  kNoSuchWorker,
  kNoSuchRecording,
  kMethodNotAllowed,
  kRequestTimeout,
  kSessionEnded,
  kSessionNotRunning,
  kRecordingNotReady,
  kBodyTooLarge,
  kUriTooLong,
  kUnsupportedMediaType,
  kRangeNotSatisfiable,
  kIdempotencyMismatch,
  kUpgradeRequired,
  kQueueFull,
  kTooManyConnections,
  kHeadTooLarge,
  kInternal,
  kNotImplemented,
  kLaunchFailed,
  kBrowserUnreachable,
  kNoCapacity,
  kDraining,
  kRecordingsFull,
  kStoreUnavailable,
  kCancelled,  // The client went away while it waited; never sent to anyone.
};

struct Error {
  Fault fault = Fault::kInternal;
  std::string detail;
  std::string field{};       // The offending field or parameter, where there is one.
  int retry_after_s = 0;     // Becomes Retry-After where it is not 0.
  std::string end_reason{};  // Of kSessionEnded: the word that says why.
};

template <typename T>
using Result = boost::system::result<T, Error>;
using Status = Result<void>;

int http_status(Fault fault);
// The public word, such as "invalid_field".
std::string_view reason_word(Fault fault);
std::optional<Fault> fault_from_word(std::string_view word);
// A short title, such as "Invalid field".
std::string_view title(Fault fault);
// Every Fault, for documents and tests.
const std::vector<Fault>& all_faults();

// Called by Result::value() on an error: using a value that is not there is a bug, so this throws
// std::logic_error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& at);

}  // namespace pbaas
