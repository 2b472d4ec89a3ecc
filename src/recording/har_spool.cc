#include "recording/har_spool.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

namespace pbaas::recording {
namespace {

namespace json = boost::json;

// Lines are ours alone, so their order of fields is known, and an entry is copied without reading.
constexpr std::string_view kPageStart = R"({"page":)";
constexpr std::string_view kEntryStart = R"({"entry":)";
constexpr std::string_view kAt = R"(,"at_us":)";
constexpr std::string_view kHar = R"(,"har":)";
constexpr std::size_t kEntriesMax = 4'000'000;

struct Place {
  std::uint64_t number = 0;
  std::int64_t at_us = 0;
  std::uint64_t offset = 0;  // of the entry's JSON
  std::uint64_t length = 0;  // 0: there is no such entry
};

struct Index {
  std::map<std::string, std::string> pages;  // JSON by id
  std::vector<Place> entries;                // by number
};

Error failed(const std::string& what, const std::string& path) {
  return {Fault::kInternal, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

template <typename Number>
bool take_number(std::string_view& text, Number& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  return true;
}

void index_page(std::string_view text, Index& index) {
  boost::system::error_code error;
  const auto page = json::parse(text, error);
  if (error || !page.is_object()) return;
  const auto* id = page.as_object().if_contains("id");
  if (id && id->is_string()) index.pages[std::string(id->as_string())] = text;
}

void index_line(std::string_view line, std::uint64_t offset, Index& index) {
  if (!line.ends_with('}')) return;
  const auto* start = line.data();
  line.remove_suffix(1);
  if (take(line, kPageStart)) return index_page(line, index);
  Place place;
  if (!take(line, kEntryStart) || !take_number(line, place.number) || !take(line, kAt)) return;
  if (!take_number(line, place.at_us) || !take(line, kHar) || place.number >= kEntriesMax) return;
  place.offset = offset + static_cast<std::uint64_t>(line.data() - start);
  place.length = line.size();
  if (index.entries.size() <= place.number) index.entries.resize(place.number + 1);
  index.entries[place.number] = place;
}

using File = std::unique_ptr<FILE, decltype(&::fclose)>;

// The length of a line is limited by the spool's, and the longest there is sets the memory.
Index read_index(FILE* spool) {
  Index index;
  char* line = nullptr;
  std::size_t capacity = 0;
  std::uint64_t offset = 0;
  for (;;) {
    const auto length = ::getline(&line, &capacity, spool);
    if (length <= 0) break;
    const std::string_view text(line, static_cast<std::size_t>(length));
    if (text.ends_with('\n')) index_line(text.substr(0, text.size() - 1), offset, index);
    offset += text.size();
  }
  ::free(line);
  return index;
}

class HarWriter {
 public:
  HarWriter(FILE* spool, FILE* har) : spool_(spool), har_(har) {}

  void text(std::string_view text) {
    ok_ = ok_ && ::fwrite(text.data(), 1, text.size(), har_) == text.size();
    bytes_ += text.size();
  }
  void copy(const Place& place) {
    buffer_.resize(place.length);
    ok_ = ok_ && ::fseeko(spool_, static_cast<off_t>(place.offset), SEEK_SET) == 0;
    ok_ = ok_ && ::fread(buffer_.data(), 1, buffer_.size(), spool_) == buffer_.size();
    text(buffer_);
  }
  // It is on the disk before what it is made of goes.
  bool finish() { return ok_ && ::fflush(har_) == 0 && ::fsync(::fileno(har_)) == 0; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  FILE* spool_;
  FILE* har_;
  bool ok_ = true;
  std::uint64_t bytes_ = 0;
  std::string buffer_;
};

std::string head(const HarOrigin& origin) {
  json::object log{{"version", "1.2"},
                   {"creator", {{"name", "pbaas"}, {"version", origin.version}}}};
  if (!origin.browser.empty()) {
    log["browser"] = {{"name", origin.browser}, {"version", origin.browser_version}};
  }
  if (!origin.comment.empty()) log["comment"] = origin.comment;
  auto text = json::serialize(log);
  text.pop_back();
  return "{\"log\":" + text;
}

std::vector<std::string_view> ordered_pages(const Index& index) {
  std::vector<std::pair<int, std::string_view>> numbered;
  for (const auto& [id, text] : index.pages) {
    const std::string_view digits = std::string_view(id).substr(id.find('_') + 1);
    int number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    numbered.emplace_back(number, text);
  }
  std::sort(numbered.begin(), numbered.end());
  std::vector<std::string_view> pages;
  for (const auto& [number, text] : numbered) pages.push_back(text);
  return pages;
}

std::vector<Place> ordered_entries(Index& index) {
  std::vector<Place> places = std::move(index.entries);
  std::erase_if(places, [](const Place& place) { return place.length == 0; });
  std::sort(places.begin(), places.end(), [](const Place& a, const Place& b) {
    return std::tie(a.at_us, a.number) < std::tie(b.at_us, b.number);
  });
  return places;
}

}  // namespace

void HarSpool::page(const json::object& page) {
  file_.add(std::string(kPageStart) + json::serialize(page) + "}");
}

void HarSpool::entry(std::uint64_t number, std::int64_t at_us, const json::object& entry) {
  std::string line(kEntryStart);
  line.append(std::to_string(number)).append(kAt).append(std::to_string(at_us)).append(kHar);
  file_.add(line.append(json::serialize(entry)) + "}");
}

Result<HarSummary> assemble_har(const std::string& spool_path, const std::string& har_path,
                                const HarOrigin& origin) {
  const File spool(::fopen(spool_path.c_str(), "re"), &::fclose);
  if (!spool) return failed("read", spool_path);
  const File har(::fopen(har_path.c_str(), "we"), &::fclose);
  if (!har) return failed("write", har_path);
  auto index = read_index(spool.get());
  const auto pages = ordered_pages(index);
  const auto entries = ordered_entries(index);
  HarWriter writer(spool.get(), har.get());
  writer.text(head(origin) + ",\"pages\":[");
  for (std::size_t i = 0; i < pages.size(); ++i) {
    if (i > 0) writer.text(",\n");
    writer.text(pages[i]);
  }
  writer.text("],\"entries\":[");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i > 0) writer.text(",\n");
    writer.copy(entries[i]);
  }
  writer.text("]}}\n");
  if (!writer.finish()) return failed("write", har_path);
  return HarSummary{pages.size(), entries.size(), writer.bytes()};
}

}  // namespace pbaas::recording
