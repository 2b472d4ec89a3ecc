// Follows the targets of a browser, pages, frames and workers, as they come and go, and has each
// tell what is recorded. Attaching is recursive on pages and frames alone: on others Chromium
// closes the connection. Owned by a recording; one thread.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "recording/cdp_commands.h"
#include "recording/cdp_message.h"
#include "recording/har_targets.h"

namespace pbaas::recording {

// With bodies, Chromium keeps them beyond the page that they belong to.
enum class TellNetwork { kNo, kYes, kWithBodies };

class TargetWatch {
 public:
  struct Listener {
    std::function<void(const AttachedTarget& target)> attached;
    std::function<void(const std::string& session)> detached;
    std::function<void()> ready;  // once: what was there at the start tells from now on
    // What its frames hold, of a target whose network is told: CDP's FrameResourceTree.
    std::function<void(const std::string& session, const boost::json::object& tree)> loaded{};
  };
  TargetWatch(CdpCommands& commands, std::string browser_session, TellNetwork network,
              Listener listener);

  void start();
  // Both give whether it was theirs.
  bool event(const std::string& session, const std::string& method,
             const boost::json::object& params);
  bool answer(const CdpMessage& message);
  // Whether what targets held when they were attached has been told.
  bool is_idle() const { return trees_.empty(); }

 private:
  void attach(const std::string& parent, const boost::json::object& params);
  void detach(const std::string& session);
  void take(const AttachedTarget& target);
  void set_up(const AttachedTarget& target);
  std::int64_t ask(const std::string& session, std::string_view method,
                   boost::json::object params = {});

  CdpCommands& commands_;
  const std::string browser_session_;
  const TellNetwork network_;
  Listener listener_;
  std::map<std::string, std::string> sessions_;  // target by session
  std::set<std::string> targets_;
  std::multimap<std::string, AttachedTarget> spares_;  // further sessions, by target
  std::set<std::int64_t> asked_;
  std::map<std::int64_t, std::string> trees_;  // of those, with their sessions
};

}  // namespace pbaas::recording
