#include "recording/body_fetcher.h"

#include "recording/har_values.h"

namespace pbaas::recording {

void BodyFetcher::want(const std::string& session, const std::string& request_id, Instant now) {
  if (waiting_.size() >= kWaitingBodiesMax) return on_body_(request_id, std::nullopt);
  waiting_.push_back({session, request_id});
  next(now);
}

void BodyFetcher::next(Instant now) {
  if (asked_ || waiting_.empty()) return;
  asked_ = std::move(waiting_.front());
  waiting_.pop_front();
  asked_at_ = now;
  asked_id_ = commands_.send(asked_->session, "Network.getResponseBody",
                             {{"requestId", asked_->request_id}});
}

bool BodyFetcher::answer(const CdpMessage& message, Instant now) {
  if (!asked_ || message.id != asked_id_) return false;
  const auto wish = std::move(*asked_);
  asked_.reset();
  std::optional<Body> body;
  if (!message.is_error) {
    body = Body{text_of(message.content, "body"), flag_of(message.content, "base64Encoded")};
  }
  on_body_(wish.request_id, std::move(body));
  next(now);
  return true;
}

void BodyFetcher::detached(const std::string& session, Instant now) {
  std::deque<Wish> kept;
  for (auto& wish : std::exchange(waiting_, {})) {
    if (wish.session == session) {
      on_body_(wish.request_id, std::nullopt);
    } else {
      kept.push_back(std::move(wish));
    }
  }
  waiting_ = std::move(kept);
  if (asked_ && asked_->session == session) asked_at_ = now - kBodyAnswerWait;
  tick(now);
}

void BodyFetcher::tick(Instant now) {
  if (!asked_ || now - asked_at_ < kBodyAnswerWait) return;
  const auto wish = std::move(*asked_);
  asked_.reset();
  on_body_(wish.request_id, std::nullopt);
  next(now);
}

}  // namespace pbaas::recording
