#include "store/newest_states.h"

namespace pbaas::store {

using session::Session;

bool moves_forward(const Session& from, const Session& to) {
  return from.status != session::SessionStatus::kEnded && to.status >= from.status;
}

bool NewestStates::add(const Session& session) {
  const auto [found, is_new] = states_.try_emplace(session.id, session);
  if (!is_new && moves_forward(found->second, session)) found->second = session;
  return is_new;
}

std::vector<Session> NewestStates::take(std::size_t count) {
  std::vector<Session> taken;
  while (!states_.empty() && taken.size() < count) {
    auto node = states_.extract(states_.begin());
    taken.push_back(std::move(node.mapped()));
  }
  return taken;
}

std::size_t NewestStates::put_back(std::vector<Session> taken) {
  std::size_t replaced = 0;
  for (auto& old : taken) {
    // What was added meanwhile is newer, unless it would take the session back.
    const auto [found, is_new] = states_.try_emplace(old.id, std::move(old));
    if (is_new) continue;
    ++replaced;
    if (!moves_forward(old, found->second)) found->second = std::move(old);
  }
  return replaced;
}

std::optional<Session> NewestStates::find(const SessionId& id) const {
  const auto found = states_.find(id);
  if (found == states_.end()) return std::nullopt;
  return found->second;
}

}  // namespace pbaas::store
