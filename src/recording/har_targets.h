// Which page a CDP session's requests belong to: its own, that of the frame or worker's parent, or
// none, as of service workers. Plain; owned by the HarBuilder.
#pragma once

#include <map>
#include <string>

namespace pbaas::recording {

struct AttachedTarget {
  std::string session;  // its flattened CDP session
  std::string parent;   // the session that it was found through
  std::string target;
  std::string type;  // CDP's word, such as "page" or "worker"
  std::string url{};
};

class HarTargets {
 public:
  void attached(const AttachedTarget& target);
  // What went with a session.
  struct Gone {
    std::string page{};     // the target of the page that it was; empty: it was none
    bool is_frame = false;  // whose requests go on in another session
  };
  Gone detached(const std::string& session);
  // The target of the page; empty: none.
  std::string page_target(const std::string& session) const;
  bool is_page(const std::string& session) const;

 private:
  struct Known {
    std::string page;
    bool is_page = false;
    bool is_frame = false;
  };
  std::map<std::string, Known> sessions_;
};

}  // namespace pbaas::recording
