#include "store/redis_url.h"

#include <charconv>
#include <optional>

#include "net/url.h"

namespace pbaas::store {
namespace {

constexpr std::string_view kForm = "redis://[[user]:password@]host[:port][/database]";

Error invalid(std::string_view problem) {
  return {Fault::kInvalidField,
          "REDIS_URL " + std::string(problem) + "; it is " + std::string(kForm), "REDIS_URL"};
}

std::optional<int> number(std::string_view text, int max) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc{} && end == text.data() + text.size();
  return is_number && value >= 0 && value <= max ? std::optional(value) : std::nullopt;
}

// Takes what comes before `mark` off the front of `text`, if it is there.
std::optional<std::string_view> take_before(std::string_view& text, std::size_t mark) {
  if (mark == std::string_view::npos) return std::nullopt;
  const auto before = text.substr(0, mark);
  text.remove_prefix(mark + 1);
  return before;
}

Status read_login(std::string_view login, RedisUrl& url) {
  const auto user = take_before(login, login.find(':'));
  if (!user) return invalid("has a user but no password");
  const auto plain_user = net::percent_decode(*user, net::Plus::kPlus);
  const auto password = net::percent_decode(login, net::Plus::kPlus);
  if (!plain_user || !password) return invalid("has a bad percent escape in its user or password");
  if (password->empty()) return invalid("has an empty password");
  url.user = *plain_user;
  url.password = *password;
  return {};
}

Status read_address(std::string_view address, RedisUrl& url) {
  // An IPv6 address is in brackets, for the colons in it.
  const bool is_bracketed = address.starts_with('[');
  const auto host_end = is_bracketed ? address.find(']') : address.find(':');
  if (is_bracketed && host_end == std::string_view::npos) return invalid("has an unclosed bracket");
  url.host = is_bracketed ? address.substr(1, host_end - 1) : address.substr(0, host_end);
  if (url.host.empty()) return invalid("names no host");
  if (host_end == std::string_view::npos) return {};
  auto rest = address.substr(host_end + (is_bracketed ? 1 : 0));
  if (rest.empty()) return {};
  rest.remove_prefix(1);
  const auto port = number(rest, 65'535);
  if (!port || *port == 0) return invalid("has a port that is not 1 to 65535");
  url.port = *port;
  return {};
}

}  // namespace

std::string RedisUrl::name() const {
  return host + ":" + std::to_string(port) + "/" + std::to_string(database);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  if (text.starts_with("rediss://"))
    return invalid("asks for TLS, which this build's Redis client cannot do");
  constexpr std::string_view scheme = "redis://";
  if (!text.starts_with(scheme)) return invalid("does not start with redis://");
  text.remove_prefix(scheme.size());
  RedisUrl url;
  if (const auto login = take_before(text, text.rfind('@'))) {
    if (const auto read = read_login(*login, url); !read) return read.error();
  }
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto database = text.substr(slash + 1);
    const auto parsed = number(database, 1'000'000);
    if (!database.empty() && !parsed) return invalid("has a database that is no number");
    url.database = parsed.value_or(0);
    text = text.substr(0, slash);
  }
  if (const auto read = read_address(text, url); !read) return read.error();
  return url;
}

}  // namespace pbaas::store
