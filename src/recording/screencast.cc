#include "recording/screencast.h"

#include <algorithm>

#include "recording/har_values.h"

namespace pbaas::recording {

namespace json = boost::json;

namespace {

constexpr int kJpegQuality = 70;

}  // namespace

Screencast::Screencast(CdpCommands& commands, session::VideoOptions options, OnFrame on_frame)
    : commands_(commands),
      options_(options),
      interval_(1000 / std::max(1, options.fps_max)),
      on_frame_(std::move(on_frame)) {}

void Screencast::attached(const AttachedTarget& target) {
  if (target.type != "page") return;
  history_.insert(history_.begin(), target.session);
  start(target.session, pages_[target.session]);
}

void Screencast::detached(const std::string& session) {
  if (pages_.erase(session) == 0) return;
  std::erase(history_, session);
  std::erase_if(acks_, [&](const Ack& ack) { return ack.session == session; });
  if (front_ != session) return;
  front_.clear();
  // The one that was in front before; it says so itself where Chromium has tabs.
  if (!history_.empty()) bring_to_front(history_.back());
}

bool Screencast::event(const std::string& session, const std::string& method,
                       const json::object& params, Instant now) {
  if (!pages_.contains(session)) return method.starts_with("Page.screencast");
  if (method == "Page.screencastFrame") {
    frame(session, params, now);
  } else if (method == "Page.screencastVisibilityChanged") {
    visibility(session, flag_of(params, "visible"));
  } else {
    if (method == "Page.frameNavigated") navigated(session, params);
    return false;
  }
  return true;
}

void Screencast::start(const std::string& session, Page& page) {
  commands_.send(session, "Page.startScreencast",
                 {{"format", "jpeg"},
                  {"quality", kJpegQuality},
                  {"maxWidth", options_.width},
                  {"maxHeight", options_.height}});
  page.is_running = true;
  page.in_flight = 0;
  page.was_held_back = false;
}

void Screencast::stop(const std::string& session, Page& page) {
  commands_.send(session, "Page.stopScreencast");
  page.is_running = false;
  page.is_visible = false;
  std::erase_if(acks_, [&](const Ack& ack) { return ack.session == session; });
}

// Where Chromium has tabs, the one before has said by now that it is hidden, and costs nothing.
// The headless shell shows all pages at once, so there the one before is stopped.
void Screencast::bring_to_front(std::string session) {
  if (front_ == session) return;
  if (const auto before = pages_.find(front_); before != pages_.end() && before->second.is_visible)
    stop(front_, before->second);
  front_ = session;
  std::erase(history_, session);
  history_.push_back(session);
  auto& page = pages_[session];
  if (!page.is_running) start(session, page);
}

void Screencast::visibility(const std::string& session, bool visible) {
  auto& page = pages_[session];
  if (!page.is_running) return;
  const bool was_visible = std::exchange(page.is_visible, visible);
  if (visible && !was_visible) bring_to_front(session);
}

void Screencast::navigated(const std::string& session, const json::object& params) {
  const bool is_main = !object_of(params, "frame").contains("parentId");
  // A page that was stopped is in front again when its client goes on with it.
  if (is_main && !pages_[session].is_running) bring_to_front(session);
}

void Screencast::frame(const std::string& session, const json::object& params, Instant now) {
  auto& page = pages_[session];
  if (!page.is_running) return;
  page.last_frame = now;
  page.in_flight += 1;
  page.was_held_back = page.was_held_back || page.in_flight >= kFramesInFlightMax;
  last_due_ = std::max(now, last_due_ + interval_);
  acks_.push_back(
      {session, static_cast<std::int64_t>(number_of(params, "sessionId", 0)), last_due_});
  if (session == front_) {
    const auto* data = params.if_contains("data");
    const auto shown = number_of(object_of(params, "metadata"), "timestamp", 0);
    if (data && data->is_string()) on_frame_(shown, data->as_string());
  }
  tick(now);
}

void Screencast::tick(Instant now) {
  while (!acks_.empty() && acks_.front().due <= now) {
    const auto ack = std::move(acks_.front());
    acks_.pop_front();
    commands_.send(ack.session, "Page.screencastFrameAck", {{"sessionId", ack.frame}});
    auto& page = pages_[ack.session];
    page.in_flight = std::max(0, page.in_flight - 1);
  }
  const auto found = pages_.find(front_);
  if (found == pages_.end()) return;
  auto& page = found->second;
  // Frames that came while Chromium waited for us are lost to it; a new start shows the page as it
  // is.
  if (!page.was_held_back || page.in_flight > 0 || now - page.last_frame < kSettleTime) return;
  restart(front_, page);
}

void Screencast::refresh() {
  acks_.clear();
  for (auto& [session, page] : pages_) {
    if (page.is_running) restart(session, page);
  }
}

void Screencast::restart(const std::string& session, Page& page) {
  commands_.send(session, "Page.stopScreencast");
  start(session, page);
}

Instant Screencast::next_due(Instant otherwise) const {
  return acks_.empty() ? otherwise : std::min(otherwise, acks_.front().due);
}

}  // namespace pbaas::recording
