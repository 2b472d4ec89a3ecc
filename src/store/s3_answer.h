// What an S3 store's XML answers say, as values. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace pbaas::store {

struct S3Fault {
  std::string code;    // "NoSuchKey"; empty where the answer has none
  std::string region;  // where the store says which region to use instead
};

struct DanglingUpload {
  std::string key;
  std::string id;
  std::optional<WallTime> begun_at;
};

struct S3UploadPage {
  std::vector<DanglingUpload> uploads;
  // Where the next page begins; both empty on the last.
  std::string next_key;
  std::string next_id;
};

struct S3Part {
  int number = 0;
  std::string etag;
};

// Of any bytes: a code that does not look like one is dropped, so that it can be shown.
S3Fault read_fault(std::string_view body);
std::optional<std::string> read_upload_id(std::string_view body);
// The object's ETag. A store may answer 200 and only then find that it cannot: nothing then.
std::optional<std::string> read_completed(std::string_view body);
std::optional<S3UploadPage> read_uploads(std::string_view body);

std::string write_completion(const std::vector<S3Part>& parts);
std::string write_bucket_region(std::string_view region);

// "2026-01-31T12:00:00.000Z" or without the fraction. Nothing for another form.
std::optional<WallTime> read_iso_time(std::string_view text);

}  // namespace pbaas::store
