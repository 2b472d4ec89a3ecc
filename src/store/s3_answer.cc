#include "store/s3_answer.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "store/xml.h"

namespace pbaas::store {
namespace {

constexpr std::size_t kWordBytesMax = 64;

// A word that can be shown and used: letters, digits, '-', '_' and '.'.
std::string word_or_nothing(const std::string& text) {
  const bool is_word =
      text.size() <= kWordBytesMax && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
      });
  return is_word ? text : std::string();
}

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe.push_back(c);
    }
  }
  return safe;
}

}  // namespace

S3Fault read_fault(std::string_view body) {
  const auto root = parse_xml(body);
  if (!root || root->name != "Error") return {};
  return {word_or_nothing(root->child_text("Code")), word_or_nothing(root->child_text("Region"))};
}

std::optional<std::string> read_upload_id(std::string_view body) {
  const auto root = parse_xml(body);
  if (!root || root->name != "InitiateMultipartUploadResult") return std::nullopt;
  const auto id = root->child_text("UploadId");
  if (id.empty()) return std::nullopt;
  return id;
}

std::optional<std::string> read_completed(std::string_view body) {
  const auto root = parse_xml(body);
  if (!root || root->name != "CompleteMultipartUploadResult") return std::nullopt;
  return root->child_text("ETag");
}

std::optional<S3UploadPage> read_uploads(std::string_view body) {
  const auto root = parse_xml(body);
  if (!root || root->name != "ListMultipartUploadsResult") return std::nullopt;
  S3UploadPage page;
  for (const auto& each : root->children) {
    if (each.name != "Upload") continue;
    page.uploads.push_back({each.child_text("Key"), each.child_text("UploadId"),
                            read_iso_time(each.child_text("Initiated"))});
  }
  if (root->child_text("IsTruncated") == "true") {
    page.next_key = root->child_text("NextKeyMarker");
    page.next_id = root->child_text("NextUploadIdMarker");
  }
  return page;
}

std::string write_completion(const std::vector<S3Part>& parts) {
  std::string text = "<CompleteMultipartUpload>";
  for (const auto& part : parts) {
    text += "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>" +
            escaped(part.etag) + "</ETag></Part>";
  }
  return text + "</CompleteMultipartUpload>";
}

std::string write_bucket_region(std::string_view region) {
  return "<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
         "<LocationConstraint>" +
         escaped(region) + "</LocationConstraint></CreateBucketConfiguration>";
}

std::optional<WallTime> read_iso_time(std::string_view text) {
  const std::string copy(text.substr(0, 40));
  std::tm utc{};
  const char* rest = strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &utc);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    do ++rest;
    while (std::isdigit(static_cast<unsigned char>(*rest)));
  }
  if (std::string_view(rest) != "Z") return std::nullopt;
  return WallTime{std::chrono::seconds(timegm(&utc))};
}

}  // namespace pbaas::store
