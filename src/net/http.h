// HTTP as the rest of the program sees it: plain values, no library's names.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/error.h"
#include "net/endpoint.h"
#include "net/relay_endpoint.h"
#include "net/task.h"

namespace pbaas::net {

// Header fields in order of arrival; names compare without case.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);
  // The first value of that name.
  std::optional<std::string_view> get(std::string_view name) const;
  bool has(std::string_view name) const { return get(name).has_value(); }
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct Request {
  std::string method;
  std::string target;                         // as sent; may hold a token, so it is never logged
  std::string path;                           // percent-decoded, without the query
  std::map<std::string, std::string> query;   // percent-decoded, the last of a name
  std::map<std::string, std::string> params;  // what the route's {names} matched
  Headers headers;
  std::string body;
  std::string peer;         // IP address of the other end
  bool is_upgrade = false;  // a WebSocket handshake
};

// A body that is longer than memory should hold: it is pulled piece by piece as the client takes
// it. Owned by the Response; loop thread only.
struct BodySource {
  std::uint64_t bytes = 0;  // of the whole body, said before it begins
  // The next piece: never empty, and all together `bytes`. Each has a deadline of its own. After an
  // error, or where it gives too much, the connection is closed: the client sees that it was cut.
  std::function<Task<Result<std::string>>()> next;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::shared_ptr<BodySource> source{};  // in place of `body`; shared with copies of the response

  static Response json(int status, const boost::json::value& value);
  // application/problem+json, RFC 9457, with `reason`, and Retry-After where the error has one.
  static Response problem(const Error& error);
};

// The Error that a `problem` of another of our processes tells of; of what is none, kInternal.
Error error_of(const Response& problem);
// The same as a client may be told it: what is between our processes alone, such as a proof that
// was refused, is kBrowserUnreachable to everybody else.
Error error_behind(const Response& problem);

class RelayGroup;

// Where a handshake goes: an upgrade route answers it instead of a Response, and the server does
// the rest.
struct UpgradeTarget {
  std::string host;  // an IP address
  int port = 0;
  std::string path;  // such as /devtools/browser/{guid}
  std::shared_ptr<RelayGroup> group;
  RelayEndpoint endpoint = RelayEndpoint::kBrowser;
  Headers headers{};  // sent along, such as a proof of who asks
  Dialer dial{};      // how it is reached, where that is not by TCP from here
};

using Handler = std::function<Task<Response>(Request&)>;
using UpgradeHandler = std::function<Task<std::variant<Response, UpgradeTarget>>(Request&)>;

}  // namespace pbaas::net
