// The pages of a HAR: one for each navigation of a main frame. Owned by the HarBuilder; one thread.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <map>
#include <string>

#include "recording/redaction.h"

namespace pbaas::recording {

class HarPages {
 public:
  // A page as it is now; the same id again replaces it.
  using OnPage = std::function<void(const boost::json::object& page)>;
  HarPages(const Redactor& redactor, OnPage on_page)
      : redactor_(redactor), on_page_(std::move(on_page)) {}

  // A navigation of the main frame of that target began. `loader` is CDP's loaderId.
  std::string open(const std::string& target, const std::string& loader, const std::string& url,
                   double started, double wall_offset);
  // Of a request of that target; where its document is not known, the target's newest page.
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
  void tell(const Page& page);
  Page* newest(const std::string& target);

  const Redactor& redactor_;
  OnPage on_page_;
  int last_ = 0;
  std::map<std::string, Page> newest_;          // by target
  std::map<std::string, std::string> loaders_;  // page by loader, of the newest of each target
};

}  // namespace pbaas::recording
