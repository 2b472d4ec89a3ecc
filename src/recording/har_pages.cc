#include "recording/har_pages.h"

#include <cmath>

#include "recording/har_values.h"

namespace pbaas::recording {

std::string HarPages::open(const std::string& target, const std::string& loader,
                           const std::string& url, double started, double wall_offset) {
  forget(target);
  Page page{"page_" + std::to_string(++last_), url, loader, started, wall_offset};
  loaders_[loader] = page.id;
  tell(page);
  return newest_.insert_or_assign(target, std::move(page)).first->second.id;
}

std::string HarPages::page_of(const std::string& target, const std::string& loader) const {
  if (const auto found = loaders_.find(loader); found != loaders_.end()) return found->second;
  const auto found = newest_.find(target);
  return found == newest_.end() ? "" : found->second.id;
}

void HarPages::on_content_load(const std::string& target, double at) {
  auto* page = newest(target);
  if (!page || at < page->started) return;
  page->content_load = std::round((at - page->started) * 1e6) / 1000;
  tell(*page);
}

void HarPages::on_load(const std::string& target, double at) {
  auto* page = newest(target);
  if (!page || at < page->started) return;
  page->load = std::round((at - page->started) * 1e6) / 1000;
  tell(*page);
}

void HarPages::forget(const std::string& target) {
  const auto found = newest_.find(target);
  if (found == newest_.end()) return;
  loaders_.erase(found->second.loader);
  newest_.erase(found);
}

HarPages::Page* HarPages::newest(const std::string& target) {
  const auto found = newest_.find(target);
  return found == newest_.end() ? nullptr : &found->second;
}

void HarPages::tell(const Page& page) {
  on_page_({{"startedDateTime", har_time(page.started + page.wall_offset)},
            {"id", page.id},
            {"title", redactor_.url(page.url)},
            {"pageTimings", {{"onContentLoad", page.content_load}, {"onLoad", page.load}}}});
}

}  // namespace pbaas::recording
