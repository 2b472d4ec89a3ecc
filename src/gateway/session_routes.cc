// POST, GET and DELETE of sessions.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <charconv>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/digest.h"
#include "gateway/api.h"
#include "net/url.h"
#include "session/session_json.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;

constexpr std::size_t kPageDefault = 50;
constexpr std::size_t kPageMax = 200;
constexpr std::size_t kIdempotencyKeyBytesMax = 255;

json::object shown(const Request& request, const Api& api, const session::Session& session) {
  return session::to_json(session, public_base(request, api.urls));
}

Response answer(const Request& request, const Api& api, int status,
                const Result<session::Session>& session) {
  if (!session) return Response::problem(session.error());
  return Response::json(status, shown(request, api, *session));
}

Status check_content_type(const Request& request) {
  if (request.body.empty()) return {};
  const auto type = request.headers.get("Content-Type").value_or("");
  const auto essence = type.substr(0, type.find_first_of("; "));
  // Only this type: a form on a foreign page can send others without asking first (CSRF).
  if (essence == "application/json") return {};
  return Error{Fault::kUnsupportedMediaType,
               "Content-Type is \"" + std::string(essence) + "\"; it takes application/json",
               "Content-Type"};
}

Result<std::optional<store::IdempotencyKey>> idempotency_key(const Request& request,
                                                             const Api& api) {
  const auto key = request.headers.get("Idempotency-Key");
  if (!key) return std::optional<store::IdempotencyKey>{};
  if (key->empty() || key->size() > kIdempotencyKeyBytesMax) {
    return Error{Fault::kInvalidField,
                 "Idempotency-Key has " + std::to_string(key->size()) + " bytes; it takes 1 to 255",
                 "Idempotency-Key"};
  }
  if (!net::is_utf8(*key))
    return Error{Fault::kInvalidField, "Idempotency-Key is not UTF-8", "Idempotency-Key"};
  return std::optional(
      store::IdempotencyKey{api.auth.owner(request), std::string(*key), sha256_hex(request.body)});
}

Task<Response> create(Request& request, Api& api) {
  if (const auto typed = check_content_type(request); !typed)
    co_return Response::problem(typed.error());
  auto options = session::parse_options(request.body, api.limits);
  if (!options) co_return Response::problem(options.error());
  const auto key = idempotency_key(request, api);
  if (!key) co_return Response::problem(key.error());
  auto created = *key ? api.sessions.create_once(std::move(*options), **key)
                      : api.sessions.create(std::move(*options), api.auth.owner(request));
  const auto session = co_await std::move(created);
  auto response = answer(request, api, 201, session);
  if (session) response.headers.set("Location", "/session/" + session->id.text());
  co_return response;
}

// A parameter of a list: what it takes, for whoever gave something else, and whether it took it.
struct ListParameter {
  std::string_view name;
  std::string takes;
  bool (*read)(const std::string& value, store::SessionQuery& query);
};

bool read_limit(const std::string& value, store::SessionQuery& query) {
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, query.limit);
  return read.ec == std::errc{} && read.ptr == end && query.limit >= 1 && query.limit <= kPageMax;
}

bool read_status(const std::string& value, store::SessionQuery& query) {
  query.status = session::status_from_word(value);
  return query.status.has_value();
}

bool read_end_reason(const std::string& value, store::SessionQuery& query) {
  query.end_reason = session::end_reason_from_word(value);
  return query.end_reason.has_value();
}

bool read_worker(const std::string& value, store::SessionQuery& query) {
  query.worker = value;
  return !value.empty();
}

bool read_created_after(const std::string& value, store::SessionQuery& query) {
  query.created_after = from_rfc3339(value);
  return query.created_after.has_value();
}

bool read_created_before(const std::string& value, store::SessionQuery& query) {
  query.created_before = from_rfc3339(value);
  return query.created_before.has_value();
}

bool read_cursor(const std::string& value, store::SessionQuery& query) {
  query.cursor = value;
  return true;
}

std::string end_reason_words() {
  std::string words;
  for (const auto reason : session::kAllEndReasons) {
    if (!words.empty()) words += reason == session::kAllEndReasons.back() ? " or " : ", ";
    words += to_word(reason);
  }
  return words;
}

const std::vector<ListParameter>& list_parameters() {
  static const std::string time = "a time as 2026-01-31T12:00:00Z (a + in it is written %2B)";
  static const std::vector<ListParameter> table{
      {"status", "queued, starting, running or ended", read_status},
      {"end_reason", end_reason_words(), read_end_reason},
      {"worker", "the id of a worker", read_worker},
      {"created_after", time, read_created_after},
      {"created_before", time, read_created_before},
      {"limit", "1 to 200", read_limit},
      {"cursor", "the next_cursor of a page", read_cursor},
  };
  return table;
}

constexpr std::string_view kMetadataPrefix = "metadata.";

Error no_such_parameter(const std::string& name) {
  std::string names;
  for (const auto& each : list_parameters()) names += std::string(each.name) + ", ";
  const auto shown = name.substr(0, 80);
  return {Fault::kInvalidQuery,
          "there is no parameter \"" + shown + "\"; it takes " + names + "metadata.NAME", shown};
}

Status read_list_parameter(const std::string& name, const std::string& value,
                           store::SessionQuery& query) {
  if (name == "token") return {};
  if (name.starts_with(kMetadataPrefix) && name.size() > kMetadataPrefix.size()) {
    if (query.metadata) {
      return Error{Fault::kInvalidQuery, "metadata is asked for twice; a list takes one name",
                   name.substr(0, 80)};
    }
    query.metadata.emplace(name.substr(kMetadataPrefix.size()), value);
    return {};
  }
  for (const auto& each : list_parameters()) {
    if (each.name != name) continue;
    if (each.read(value, query)) return {};
    return Error{Fault::kInvalidQuery,
                 name + " is \"" + value.substr(0, 80) + "\"; it takes " + each.takes, name};
  }
  return no_such_parameter(name);
}

Result<store::SessionQuery> list_query(const Request& request, const Api& api) {
  store::SessionQuery query;
  query.owner = api.auth.owner(request);
  query.limit = kPageDefault;
  for (const auto& [name, value] : request.query) {
    if (const auto read = read_list_parameter(name, value, query); !read) return read.error();
  }
  return query;
}

Task<Response> list(Request& request, Api& api) {
  const auto query = list_query(request, api);
  if (!query) co_return Response::problem(query.error());
  const auto page = co_await api.sessions.list(*query);
  if (!page) co_return Response::problem(page.error());
  json::array sessions;
  for (const auto& each : page->sessions) sessions.push_back(shown(request, api, each));
  json::object body;
  body["sessions"] = std::move(sessions);
  if (page->next_cursor) {
    body["next_cursor"] = *page->next_cursor;
  } else {
    body["next_cursor"] = nullptr;
  }
  co_return Response::json(200, body);
}

Task<Response> show(Request& request, Api& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto session = co_await api.sessions.find(*id, api.auth.owner(request));
  co_return answer(request, api, 200, session);
}

Task<Response> end(Request& request, Api& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto session = co_await api.sessions.end(*id, api.auth.owner(request));
  co_return answer(request, api, 200, session);
}

}  // namespace

void add_session_routes(net::Router& router, Api& api) {
  const auto with_api = [&api](Task<Response> (*route)(Request&, Api&)) {
    return [&api, route](Request& request) { return route(request, api); };
  };
  for (const std::string collection : {"/session", "/sessions"}) {
    router.add("POST", collection, with_api(create));
    router.add("GET", collection, with_api(list));
    router.add("GET", collection + "/{id}", with_api(show));
    router.add("DELETE", collection + "/{id}", with_api(end));
  }
}

}  // namespace pbaas::gateway
