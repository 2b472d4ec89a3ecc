#include "recording/har_targets.h"

namespace pbaas::recording {

void HarTargets::attached(const AttachedTarget& target) {
  const bool is_page = target.type == "page";
  const bool belongs = target.type == "iframe" || target.type == "worker";
  Known known{is_page ? target.target : std::string(), is_page, target.type == "iframe"};
  if (belongs) known.page = page_target(target.parent);
  sessions_[target.session] = std::move(known);
}

HarTargets::Gone HarTargets::detached(const std::string& session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return {};
  const auto known = found->second;
  sessions_.erase(found);
  return {known.is_page ? known.page : std::string(), known.is_frame};
}

std::string HarTargets::page_target(const std::string& session) const {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? "" : found->second.page;
}

bool HarTargets::is_page(const std::string& session) const {
  const auto found = sessions_.find(session);
  return found != sessions_.end() && found->second.is_page;
}

}  // namespace pbaas::recording
