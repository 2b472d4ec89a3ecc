#include "session/session_json.h"

#include <string>

namespace pbaas::session {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<WallTime>& time) {
  return time ? json::value(to_rfc3339(*time)) : json::value(nullptr);
}

// "http..." becomes "ws...", "https..." becomes "wss...".
std::string websocket_base(std::string_view http_base) {
  constexpr std::string_view kHttp = "http";
  if (http_base.starts_with(kHttp)) http_base.remove_prefix(kHttp.size());
  return "ws" + std::string(http_base);
}

void add_urls(json::object& object, const Session& session, std::string_view http_base) {
  object["connect_url"] = nullptr;
  object["cdp_url"] = nullptr;
  if (session.status == SessionStatus::kEnded) return;
  const std::string path = "/session/" + session.id.text();
  object["connect_url"] = websocket_base(http_base) + path;
  object["cdp_url"] = std::string(http_base) + path;
}

void add_browser(json::object& object, const Session& session) {
  object["worker"] = session.worker ? json::value(*session.worker) : json::value(nullptr);
  object["debug_port"] = nullptr;
  object["browser_guid"] = nullptr;
  object["warm"] = session.warm;
  if (!session.browser) return;
  object["debug_port"] = session.browser->debug_port;
  object["browser_guid"] = session.browser->guid;
}

void add_traffic(json::object& object, const Session& session) {
  object["connections"] = session.connections;
  object["messages_up"] = session.traffic.messages_up;
  object["messages_down"] = session.traffic.messages_down;
  object["bytes_up"] = session.traffic.bytes_up;
  object["bytes_down"] = session.traffic.bytes_down;
}

json::value shown_count(const std::optional<std::uint64_t>& count) {
  return count ? json::value(*count) : json::value(nullptr);
}

void add_use(json::object& object, const ResourceUse& use) {
  using Seconds = std::chrono::duration<double>;
  object["egress_bytes_up"] = shown_count(use.egress_bytes_up);
  object["egress_bytes_down"] = shown_count(use.egress_bytes_down);
  object["cpu_seconds"] = nullptr;
  if (use.cpu) object["cpu_seconds"] = Seconds(*use.cpu).count();
  object["peak_memory_bytes"] = shown_count(use.peak_memory_bytes);
}

}  // namespace

json::object to_json(const Session& session, std::string_view public_http_base) {
  json::object object;
  object["id"] = session.id.text();
  object["status"] = to_word(session.status);
  object["end_reason"] =
      session.end_reason ? json::value(to_word(*session.end_reason)) : json::value(nullptr);
  object["end_detail"] =
      session.end_detail.empty() ? json::value(nullptr) : json::value(session.end_detail);
  add_urls(object, session, public_http_base);
  add_browser(object, session);
  object["created_at"] = to_rfc3339(session.created_at);
  object["started_at"] = time_or_null(session.started_at);
  object["ended_at"] = time_or_null(session.ended_at);
  object["expires_at"] = time_or_null(session.expires_at);
  for (auto& [name, value] : to_json(session.options)) object[name] = std::move(value);
  add_traffic(object, session);
  add_use(object, session.use);
  return object;
}

}  // namespace pbaas::session
