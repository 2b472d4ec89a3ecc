#include "session/admission.h"

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <utility>

namespace pbaas::session {

namespace {
// A full queue empties by whole sessions ending, so coming back sooner is of little use.
constexpr int kRetryAfterS = 5;
}  // namespace

struct AdmissionQueue::Place {
  std::string owner;
  std::uint64_t number = 0;  // In order of arrival.
  std::function<void()> on_admitted;
  bool admitted = false;
  bool served = false;
};

// The places of all who wait, by owner, and the order in which owners take turns: the first of
// `turns_` is next, and an owner just served goes to the end.
class AdmissionQueue::Line {
 public:
  explicit Line(std::size_t limit) : limit_(limit) {}

  bool full() const { return waiting_ + admitted_ >= limit_; }
  bool empty() const { return waiting_ + admitted_ == 0; }
  std::size_t waiting() const { return waiting_; }
  std::size_t limit() const { return limit_; }

  void add_last(Place& place) {
    place.number = ++last_number_;
    auto& line = lines_[place.owner];
    if (line.empty()) turns_.push_back(place.owner);
    line.push_back(&place);
    ++waiting_;
  }

  // Back in order of arrival, with the owner's turn given back.
  void put_back(Place& place) {
    place.admitted = false;
    --admitted_;
    auto& line = lines_[place.owner];
    const auto later = std::find_if(line.begin(), line.end(),
                                    [&](const Place* each) { return each->number > place.number; });
    line.insert(later, &place);
    turns_.remove(place.owner);
    turns_.push_front(place.owner);
    ++waiting_;
  }

  void remove(Place& place) {
    auto& line = lines_[place.owner];
    line.remove(&place);
    if (line.empty()) forget(place.owner);
    --waiting_;
  }

  void finish_admitted() { --admitted_; }

  std::size_t admit(std::size_t count) {
    std::size_t done = 0;
    for (; done < count && waiting_ > 0; ++done) admit_next();
    return done;
  }

  // Those served before the k-th of an owner: up to k of each other owner, and one more of those
  // whose turn comes before.
  std::size_t position(const Place& place) const {
    const auto& line = lines_.at(place.owner);
    const auto before = static_cast<std::size_t>(
        std::distance(line.begin(), std::find(line.begin(), line.end(), &place)));
    std::size_t sum = before;
    std::size_t rounds = before + 1;
    for (const auto& owner : turns_) {
      if (owner == place.owner)
        rounds = before;
      else
        sum += std::min(lines_.at(owner).size(), rounds);
    }
    return sum;
  }

 private:
  void admit_next() {
    const std::string owner = turns_.front();
    turns_.pop_front();
    auto& line = lines_[owner];
    Place& place = *line.front();
    line.pop_front();
    if (line.empty())
      lines_.erase(owner);
    else
      turns_.push_back(owner);
    --waiting_;
    ++admitted_;
    place.admitted = true;
    if (auto tell = std::exchange(place.on_admitted, nullptr)) tell();
  }

  void forget(const std::string& owner) {
    lines_.erase(owner);
    turns_.remove(owner);
  }

  std::size_t limit_;
  std::uint64_t last_number_ = 0;
  std::size_t waiting_ = 0;
  std::size_t admitted_ = 0;
  std::map<std::string, std::list<Place*>> lines_;
  std::list<std::string> turns_;
};

AdmissionQueue::Ticket::Ticket(std::shared_ptr<Line> line, std::unique_ptr<Place> place)
    : line_(std::move(line)), place_(std::move(place)) {}

AdmissionQueue::Ticket::Ticket(Ticket&&) noexcept = default;

AdmissionQueue::Ticket& AdmissionQueue::Ticket::operator=(Ticket&& other) noexcept {
  if (this == &other) return *this;
  leave();
  line_ = std::move(other.line_);
  place_ = std::move(other.place_);
  return *this;
}

AdmissionQueue::Ticket::~Ticket() {
  leave();
}

bool AdmissionQueue::Ticket::admitted() const {
  return place_->admitted;
}

std::size_t AdmissionQueue::Ticket::position() const {
  return place_->admitted ? 0 : line_->position(*place_);
}

void AdmissionQueue::Ticket::served() {
  if (place_->served) return;
  place_->served = true;
  if (place_->admitted)
    line_->finish_admitted();
  else
    line_->remove(*place_);
  place_->admitted = true;
}

void AdmissionQueue::Ticket::wait_again(std::function<void()> on_admitted) {
  place_->on_admitted = std::move(on_admitted);
  if (place_->admitted && !place_->served) line_->put_back(*place_);
}

void AdmissionQueue::Ticket::leave() {
  if (!place_ || place_->served) return;
  if (place_->admitted) {
    line_->finish_admitted();
    line_->admit(1);
  } else {
    line_->remove(*place_);
  }
  place_.reset();
}

AdmissionQueue::AdmissionQueue(std::size_t limit) : line_(std::make_shared<Line>(limit)) {}

AdmissionQueue::~AdmissionQueue() = default;

Result<AdmissionQueue::Ticket> AdmissionQueue::join(const std::string& owner,
                                                    std::function<void()> on_admitted) {
  if (line_->full()) {
    return Error{Fault::kQueueFull,
                 "all slots are in use and " + std::to_string(line_->limit()) +
                     " creates wait already; try again later",
                 "", kRetryAfterS};
  }
  auto place = std::make_unique<Place>();
  place->owner = owner;
  place->on_admitted = std::move(on_admitted);
  line_->add_last(*place);
  return Ticket(line_, std::move(place));
}

std::size_t AdmissionQueue::admit(std::size_t count) {
  return line_->admit(count);
}

std::size_t AdmissionQueue::waiting() const {
  return line_->waiting();
}

bool AdmissionQueue::empty() const {
  return line_->empty();
}

}  // namespace pbaas::session
