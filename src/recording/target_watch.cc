#include "recording/target_watch.h"

#include <boost/json/array.hpp>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

// What Chromium keeps for us of bodies: of all, and of one.
constexpr std::int64_t kKeptBytesTotal = 64 << 20;
constexpr std::int64_t kKeptBytes = 10 << 20;
// A longer request body is not told; it is recorded without.
constexpr std::int64_t kPostDataBytesMax = 256 * 1024;

json::object excluded(std::string_view type) {
  return {{"type", type}, {"exclude", true}};
}

json::object auto_attach(json::array filter) {
  filter.push_back(json::object());  // Everything else.
  return {{"autoAttach", true},
          {"waitForDebuggerOnStart", false},
          {"flatten", true},
          {"filter", std::move(filter)}};
}

// Of the browser: pages, and workers that belong to no page.
json::object browser_attach() {
  return auto_attach({excluded("browser"), excluded("tab"), excluded("browser_ui")});
}

// Of a page: frames and its own workers. The others come from the browser.
json::object page_attach() {
  return auto_attach({excluded("browser"), excluded("tab"), excluded("browser_ui"),
                      excluded("page"), excluded("service_worker"), excluded("shared_worker")});
}

json::object network_options(TellNetwork network) {
  json::object options{{"maxTotalBufferSize", kKeptBytesTotal},
                       {"maxResourceBufferSize", kKeptBytes},
                       {"maxPostDataSize", kPostDataBytesMax}};
  if (network == TellNetwork::kWithBodies) options["enableDurableMessages"] = true;
  return options;
}

bool has_frames(const std::string& type) {
  return type == "page" || type == "iframe";
}

}  // namespace

TargetWatch::TargetWatch(CdpCommands& commands, std::string browser_session, TellNetwork network,
                         Listener listener)
    : commands_(commands),
      browser_session_(std::move(browser_session)),
      network_(network),
      listener_(std::move(listener)) {}

void TargetWatch::start() {
  ask(browser_session_, "Target.setAutoAttach", browser_attach());
}

bool TargetWatch::event(const std::string& session, const std::string& method,
                        const json::object& params) {
  if (method == "Target.attachedToTarget") {
    attach(session, params);
  } else if (method == "Target.detachedFromTarget") {
    detach(text_of(params, "sessionId"));
  } else {
    return false;
  }
  return true;
}

void TargetWatch::attach(const std::string& parent, const json::object& params) {
  const auto& info = object_of(params, "targetInfo");
  const AttachedTarget target{text_of(params, "sessionId"), parent, text_of(info, "targetId"),
                              text_of(info, "type"), text_of(info, "url")};
  const bool is_ours = parent == browser_session_ || sessions_.contains(parent);
  if (!is_ours || target.session.empty() || sessions_.contains(target.session)) return;
  if (targets_.insert(target.target).second) return take(target);
  // Found twice; once is enough, for as long as that session lasts.
  spares_.emplace(target.target, target);
}

void TargetWatch::take(const AttachedTarget& target) {
  sessions_[target.session] = target.target;
  set_up(target);
  listener_.attached(target);
}

void TargetWatch::set_up(const AttachedTarget& target) {
  if (network_ != TellNetwork::kNo)
    ask(target.session, "Network.enable", network_options(network_));
  if (!has_frames(target.type)) return;
  ask(target.session, "Page.enable");
  ask(target.session, "Target.setAutoAttach", page_attach());
  // What it requested until now nobody heard.
  if (network_ != TellNetwork::kNo)
    trees_.emplace(ask(target.session, "Page.getResourceTree"), target.session);
}

void TargetWatch::detach(const std::string& session) {
  std::erase_if(trees_, [&](const auto& tree) { return tree.second == session; });
  std::erase_if(spares_, [&](const auto& spare) { return spare.second.session == session; });
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  const auto target = found->second;
  sessions_.erase(found);
  listener_.detached(session);
  // The target may live on in another session.
  const auto spare = spares_.find(target);
  if (spare == spares_.end()) {
    targets_.erase(target);
  } else {
    take(spares_.extract(spare).mapped());
  }
}

std::int64_t TargetWatch::ask(const std::string& session, std::string_view method,
                              json::object params) {
  const auto id = commands_.send(session, method, std::move(params));
  asked_.insert(id);
  return id;
}

bool TargetWatch::answer(const CdpMessage& message) {
  if (asked_.erase(message.id) == 0) return false;
  if (trees_.erase(message.id) > 0 && listener_.loaded)
    listener_.loaded(message.session, object_of(message.content, "frameTree"));
  if (!asked_.empty() || !listener_.ready) return true;
  const auto ready = std::move(listener_.ready);
  listener_.ready = nullptr;
  ready();
  return true;
}

}  // namespace pbaas::recording
