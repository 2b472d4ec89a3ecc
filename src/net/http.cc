#include "net/http.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "base/ascii.h"

namespace pbaas::net {
namespace {

std::string text_of(const boost::json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

int retry_after_of(const Response& response) {
  const auto text = response.headers.get("Retry-After").value_or("");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return seconds;
}

}  // namespace

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  remove(name);
  fields_.emplace_back(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const auto& field) { return same_word(field.first, name); });
}

std::optional<std::string_view> Headers::get(std::string_view name) const {
  for (const auto& [each, value] : fields_) {
    if (same_word(each, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  const auto matches = [name](const auto& field) { return same_word(field.first, name); };
  return static_cast<std::size_t>(std::ranges::count_if(fields_, matches));
}

Response Response::json(int status, const boost::json::value& value) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = boost::json::serialize(value);
  return response;
}

Response Response::problem(const Error& error) {
  boost::json::object body;
  body["type"] = "about:blank";
  body["title"] = title(error.fault);
  body["status"] = http_status(error.fault);
  body["reason"] = reason_word(error.fault);
  body["detail"] = error.detail;
  if (!error.field.empty()) body["field"] = error.field;
  if (!error.end_reason.empty()) body["end_reason"] = error.end_reason;

  auto response = json(http_status(error.fault), body);
  response.headers.set("Content-Type", "application/problem+json");
  if (error.retry_after_s > 0) {
    response.headers.add("Retry-After", std::to_string(error.retry_after_s));
  }
  return response;
}

Error error_of(const Response& problem) {
  boost::system::error_code failed;
  const auto body = boost::json::parse(problem.body, failed);
  const auto* object = failed ? nullptr : body.if_object();
  const auto fault = object ? fault_from_word(text_of(*object, "reason")) : std::nullopt;
  if (!fault) {
    return {Fault::kInternal, "answered with status " + std::to_string(problem.status)};
  }
  Error error{*fault, text_of(*object, "detail"), text_of(*object, "field")};
  error.retry_after_s = retry_after_of(problem);
  error.end_reason = text_of(*object, "end_reason");
  return error;
}

Error error_behind(const Response& problem) {
  auto error = error_of(problem);
  switch (error.fault) {
    case Fault::kNoSuchSession:
    case Fault::kNoSuchTarget:
    case Fault::kSessionEnded:
    case Fault::kSessionNotRunning:
    case Fault::kTooManyConnections:
    case Fault::kLaunchFailed:
    case Fault::kNoCapacity:
    case Fault::kDraining:
    case Fault::kRecordingsFull:
    case Fault::kBrowserUnreachable:
      return error;
    default:
      return {Fault::kBrowserUnreachable, "the session's worker answered: " + error.detail};
  }
}

}  // namespace pbaas::net
