// Of each session the newest state that was not written yet: what waits is bounded by the number of
// sessions, however often they change. A state that would take its session back, or end it again,
// is dropped here as it would be in the database. Its owner guards it where threads share it.
#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

#include "session/session.h"

namespace pbaas::store {

bool moves_forward(const session::Session& from, const session::Session& to);

class NewestStates {
 public:
  // Whether there was no state of this session yet.
  bool add(const session::Session& session);
  // Takes up to `count` of them out, in no order.
  std::vector<session::Session> take(std::size_t count);
  // Puts back what was taken and could not be written; gives how many of them have a newer state
  // by now.
  std::size_t put_back(std::vector<session::Session> taken);

  std::optional<session::Session> find(const SessionId& id) const;
  bool contains(const SessionId& id) const { return states_.contains(id); }
  std::size_t size() const { return states_.size(); }
  bool empty() const { return states_.empty(); }

 private:
  std::unordered_map<SessionId, session::Session> states_;
};

}  // namespace pbaas::store
