// The pages of a HAR: one for each navigation of a main frame. Owned by the HarBuilder; one thread.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "recording/redaction.h"

namespace pbaas::recording {

// Navigations of one target that have begun, and not come to a document: downloads, answers without
// content, and what was given up. More are forgotten, the oldest first.
inline constexpr std::size_t kOpenNavigationsMax = 16;

class HarPages {
 public:
  // A page as it is now; the same id again replaces it.
  using OnPage = std::function<void(const boost::json::object& page)>;
  HarPages(const Redactor& redactor, OnPage on_page)
      : redactor_(redactor), on_page_(std::move(on_page)) {}

  // A navigation of the main frame of that target began. `loader` is CDP's loaderId. The document
  // before stays, and may stay for good, until another is `committed`.
  std::string open(const std::string& target, const std::string& loader, const std::string& url,
                   double started, double wall_offset);
  // That document is in the main frame now, whether we know its navigation or not.
  void committed(const std::string& target, const std::string& loader);
  // Of a request of that target; where its document is not known, that of the document that is
  // there, or of the newest where none is known to be.
  std::string page_of(const std::string& target, const std::string& loader) const;
  void on_content_load(const std::string& target, double at);
  void on_load(const std::string& target, double at);
  void forget(const std::string& target);

 private:
  struct Page {
    std::string id;
    std::string url;
    std::string loader;
    double started = 0;
    double wall_offset = 0;
    double content_load = -1;  // ms after the start; -1: not yet
    double load = -1;
  };
  struct Target {
    std::vector<Page> pages;  // the document's and those under way, oldest first
    std::string loader;       // of the document; empty: never told
  };
  void tell(const Page& page);
  void drop(Target& target, std::size_t index);
  // What happens to the document happens to this page; null: to none that we know.
  Page* current(const std::string& target);

  const Redactor& redactor_;
  OnPage on_page_;
  int last_ = 0;
  std::map<std::string, Target> targets_;
  std::map<std::string, std::string> loaders_;  // page by loader, of those in targets_
};

}  // namespace pbaas::recording
