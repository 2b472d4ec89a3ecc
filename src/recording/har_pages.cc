#include "recording/har_pages.h"

#include <algorithm>
#include <cmath>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

double milliseconds_between(double from, double to) {
  return std::round((to - from) * 1e6) / 1000;
}

}  // namespace

std::string HarPages::open(const std::string& target, const std::string& loader,
                           const std::string& url, double started, double wall_offset) {
  auto& known = targets_[target];
  if (known.pages.size() > kOpenNavigationsMax) {
    // The document's page stays, which may be the oldest.
    drop(known, known.pages.front().loader == known.loader ? 1 : 0);
  }
  const Page page{"page_" + std::to_string(++last_), url, loader, started, wall_offset};
  loaders_[loader] = page.id;
  known.pages.push_back(page);
  tell(page);
  return page.id;
}

void HarPages::drop(Target& target, std::size_t index) {
  loaders_.erase(target.pages[index].loader);
  target.pages.erase(target.pages.begin() + static_cast<std::ptrdiff_t>(index));
}

// Of a document that asked for nothing, such as about:blank, we know no navigation: requests from
// there are counted to a page before it.
void HarPages::committed(const std::string& target, const std::string& loader) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) return;
  auto& known = found->second;
  known.loader = loader;
  if (!loaders_.contains(loader)) return;
  while (known.pages.front().loader != loader) drop(known, 0);
}

std::string HarPages::page_of(const std::string& target, const std::string& loader) const {
  if (const auto found = loaders_.find(loader); found != loaders_.end()) return found->second;
  const auto found = targets_.find(target);
  if (found == targets_.end() || found->second.pages.empty()) return "";
  const auto document = loaders_.find(found->second.loader);
  return document == loaders_.end() ? found->second.pages.back().id : document->second;
}

void HarPages::on_content_load(const std::string& target, double at) {
  auto* page = current(target);
  if (!page || at < page->started) return;
  page->content_load = milliseconds_between(page->started, at);
  tell(*page);
}

void HarPages::on_load(const std::string& target, double at) {
  auto* page = current(target);
  if (!page || at < page->started) return;
  page->load = milliseconds_between(page->started, at);
  tell(*page);
}

void HarPages::forget(const std::string& target) {
  const auto found = targets_.find(target);
  if (found == targets_.end()) return;
  for (const auto& page : found->second.pages) loaders_.erase(page.loader);
  targets_.erase(found);
}

HarPages::Page* HarPages::current(const std::string& target) {
  const auto found = targets_.find(target);
  if (found == targets_.end() || found->second.pages.empty()) return nullptr;
  auto& [pages, loader] = found->second;
  // We listen since after its document came: that is the only navigation we know.
  if (loader.empty()) return &pages.back();
  const auto page = std::find_if(pages.begin(), pages.end(),
                                 [&](const Page& each) { return each.loader == loader; });
  return page == pages.end() ? nullptr : &*page;
}

void HarPages::tell(const Page& page) {
  on_page_({{"startedDateTime", har_time(page.started + page.wall_offset)},
            {"id", page.id},
            {"title", redactor_.url(page.url)},
            {"pageTimings", {{"onContentLoad", page.content_load}, {"onLoad", page.load}}}});
}

}  // namespace pbaas::recording
