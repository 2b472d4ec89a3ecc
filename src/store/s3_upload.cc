#include "store/s3_upload.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/log.h"
#include "base/unique_fd.h"
#include "store/object_key.h"

namespace pbaas::store {
namespace {

constexpr std::uint64_t kPartsMax = 10'000;  // S3's own limit.
// An abort after a failure gets a little time of its own, for the deadline may be what failed.
constexpr Duration kAbortTime = std::chrono::seconds(5);
constexpr int kListPagesMax = 100;

std::uint64_t part_bytes_of(std::uint64_t bytes) {
  constexpr std::uint64_t kStep = 1024 * 1024;
  const auto least = (bytes + kPartsMax - 1) / kPartsMax;
  return std::max(kPartBytes, (least + kStep - 1) / kStep * kStep);
}

// A request whose body is that part of the file, checked by the store against both digests.
S3Request part_request(const std::string& key, int file, const FilePart& part) {
  S3Request request{.method = "PUT", .key = key};
  request.headers.emplace("content-md5", to_base64(part.md5));
  request.file = file;
  request.file_offset = part.offset;
  request.file_bytes = part.bytes;
  request.file_sha256 = part.sha256;
  return request;
}

std::string without_quotes(std::string text) {
  std::erase(text, '"');
  return text;
}

// What S3 makes of an object's parts: the MD5 of their MD5s and their number, or the one's own.
std::string etag_of(const FileDigests& digests) {
  if (digests.parts.size() == 1) return to_hex(digests.parts.front().md5);
  std::string md5s;
  for (const auto& part : digests.parts) md5s += part.md5;
  return to_hex(md5_of(md5s)) + "-" + std::to_string(digests.parts.size());
}

std::string failed_with(const S3Answer& answer) {
  return "it answered " + std::to_string(answer.http.status) + " " + answer.code;
}

Result<UniqueFd> open_file(const std::string& path) {
  UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid()) return file;
  return cannot_open();
}

Result<FileDigests> digest_whole(int file, const std::string& expected_sha256) {
  struct stat found{};
  if (fstat(file, &found) != 0 || !S_ISREG(found.st_mode))
    return Error{Fault::kInternal, "a recording is not a file"};
  auto digests = digest_file(file, part_bytes_of(static_cast<std::uint64_t>(found.st_size)));
  if (digests && !expected_sha256.empty() && digests->sha256 != expected_sha256)
    return Error{Fault::kInternal,
                 "a recording's file is not what was recorded: its SHA-256 differs"};
  return digests;
}

}  // namespace

Result<ObjectInfo> S3Upload::put(const PutRequest& request, Deadline deadline) {
  const auto file = open_file(request.path);
  if (!file) return stored_before(request, file.error(), deadline);
  const auto digests = digest_whole(file->get(), request.sha256);
  if (!digests) return digests.error();
  const ObjectInfo wanted{digests->bytes, digests->sha256, request.content_type};
  const auto is_there = [&](const std::optional<ObjectInfo>& object) {
    return object && object->bytes == wanted.bytes && object->sha256 == wanted.sha256;
  };
  const auto before = head(request.key, deadline);
  if (!before) return before.error();
  const bool in_parts = digests->bytes > kPartBytes;
  if (in_parts) {
    if (const auto aborted = abort_uploads_of(request.key, deadline); !aborted)
      return aborted.error();
  }
  // An upload may have been completed by a process that died before it could note so.
  if (is_there(*before)) return wanted;
  const auto sent = in_parts ? put_in_parts(request, file->get(), *digests, deadline)
                             : put_whole(request, file->get(), *digests, deadline);
  if (!sent) return sent.error();
  const auto after = look(request.key, deadline);
  if (!after) return after.error();
  if (!*after || !is_there((*after)->info))
    return client_.error("PUT", "what is there is not what was sent");
  const auto& http = (*after)->http;
  if (const auto same = check_etag(http, http.header("etag"), etag_of(*digests)); !same)
    return same.error();
  return wanted;
}

// A process that ended before it could note so may have stored what has no file any more.
Result<ObjectInfo> S3Upload::stored_before(const PutRequest& request, const Error& missing,
                                           Deadline deadline) {
  const auto object = head(request.key, deadline);
  if (!object) return object.error();
  const bool is_it = *object && !request.sha256.empty() && (*object)->sha256 == request.sha256;
  if (!is_it) return missing;
  return **object;
}

Status S3Upload::put_whole(const PutRequest& request, int file, const FileDigests& digests,
                           Deadline deadline) {
  auto sent = part_request(request.key, file, digests.parts.front());
  sent.headers.emplace("content-type", request.content_type);
  sent.headers.emplace(kSha256Header, digests.sha256);
  const auto answer = client_.send(sent, deadline);
  if (!answer) return answer.error();
  if (!answer->code.empty() || !answer->found()) return client_.error("PUT", failed_with(*answer));
  return check_etag(answer->http, answer->http.header("etag"), to_hex(digests.parts.front().md5));
}

Status S3Upload::put_in_parts(const PutRequest& request, int file, const FileDigests& digests,
                              Deadline deadline) {
  const auto id = begin(request, digests.sha256, deadline);
  if (!id) return id.error();
  const auto parts = send_parts(request, file, digests, *id, deadline);
  const auto done = parts ? complete(request.key, *id, *parts, deadline) : Status(parts.error());
  // Also where all went well: an answer to the start that was lost left another upload behind.
  const auto by = Deadline::after(client_.clock(), kAbortTime);
  const auto aborted = done ? abort_uploads_of(request.key, by) : abort(request.key, *id, by);
  if (!aborted) {
    // The next try at this key finds it, in this process or the next.
    log::warn("multipart upload left for the next try",
              {{"key", request.key}, {"why", aborted.error().detail}});
  }
  return done;
}

Result<std::string> S3Upload::begin(const PutRequest& request, const std::string& sha256,
                                    Deadline deadline) {
  S3Request asked{.method = "POST", .key = request.key};
  asked.query.emplace("uploads", "");
  asked.headers.emplace("content-type", request.content_type);
  asked.headers.emplace(kSha256Header, sha256);
  const auto answer = client_.send(asked, deadline);
  if (!answer) return answer.error();
  const auto id = read_upload_id(answer->http.body);
  if (!id) return client_.error("the start of a multipart upload", failed_with(*answer));
  return *id;
}

Result<std::vector<S3Part>> S3Upload::send_parts(const PutRequest& request, int file,
                                                 const FileDigests& digests,
                                                 const std::string& upload_id, Deadline deadline) {
  std::vector<S3Part> sent;
  for (const auto& part : digests.parts) {
    const int number = static_cast<int>(sent.size()) + 1;
    auto asked = part_request(request.key, file, part);
    asked.query = {{"partNumber", std::to_string(number)}, {"uploadId", upload_id}};
    const auto answer = client_.send(asked, deadline);
    if (!answer) return answer.error();
    if (!answer->code.empty() || !answer->found())
      return client_.error("a part's PUT", failed_with(*answer));
    const auto etag = answer->http.header("etag");
    if (const auto same = check_etag(answer->http, etag, to_hex(part.md5)); !same)
      return same.error();
    sent.push_back({number, etag});
  }
  return sent;
}

Status S3Upload::complete(const std::string& key, const std::string& upload_id,
                          const std::vector<S3Part>& parts, Deadline deadline) {
  S3Request asked{.method = "POST", .key = key, .body = write_completion(parts)};
  asked.query.emplace("uploadId", upload_id);
  asked.headers.emplace("content-type", "application/xml");
  const auto answer = client_.send(asked, deadline);
  if (!answer) return answer.error();
  // A try whose answer was lost may have completed it: then there is no such upload any more, and
  // what is there tells (see put).
  if (answer->code == "NoSuchUpload") return {};
  // Ceph says no ETag here: it is looked at with what is there in the end.
  if (read_completed(answer->http.body)) return {};
  const auto fault = read_fault(answer->http.body);
  return client_.error("the end of a multipart upload",
                       fault.code.empty() ? failed_with(*answer) : "it answered " + fault.code);
}

Status S3Upload::check_etag(const HttpAnswer& answer, std::string etag,
                            const std::string& md5) const {
  // Under encryption with the customer's keys an ETag is something else than the content's MD5.
  const auto encryption = answer.header("x-amz-server-side-encryption");
  const bool is_md5 = encryption.empty() || encryption == "AES256";
  const bool ssec = !answer.header("x-amz-server-side-encryption-customer-algorithm").empty();
  etag = without_quotes(std::move(etag));
  if (!is_md5 || ssec || etag == md5) return {};
  return client_.error("a PUT", "the checksum of what arrived is another");
}

Status S3Upload::abort(const std::string& key, const std::string& upload_id, Deadline deadline) {
  S3Request asked{.method = "DELETE", .key = key};
  asked.query.emplace("uploadId", upload_id);
  const auto answer = client_.send(asked, deadline);
  if (!answer) return answer.error();
  return {};  // Gone, or never there.
}

Result<std::vector<DanglingUpload>> S3Upload::list(const std::string& prefix, Deadline deadline) {
  std::vector<DanglingUpload> uploads;
  S3UploadPage page;
  for (int pages = 0; pages < kListPagesMax; ++pages) {
    S3Request asked{.method = "GET"};
    asked.query.emplace("uploads", "");
    if (!prefix.empty()) asked.query.emplace("prefix", prefix);
    if (!page.next_key.empty()) asked.query.emplace("key-marker", page.next_key);
    if (!page.next_id.empty()) asked.query.emplace("upload-id-marker", page.next_id);
    const auto answer = client_.send(asked, deadline);
    if (!answer) return answer.error();
    auto read = read_uploads(answer->http.body);
    if (!read) return client_.error("the list of uploads", failed_with(*answer));
    page = std::move(*read);
    uploads.insert(uploads.end(), page.uploads.begin(), page.uploads.end());
    if (page.next_key.empty()) break;
  }
  return uploads;
}

Status S3Upload::abort_uploads_of(const std::string& key, Deadline deadline) {
  const auto uploads = list(key, deadline);
  if (!uploads) return uploads.error();
  for (const auto& each : *uploads) {
    if (each.key != key) continue;
    if (const auto aborted = abort(key, each.id, deadline); !aborted) return aborted;
    log::info("multipart upload that was cut off is removed", {{"key", key}});
  }
  return {};
}

Result<std::size_t> S3Upload::abort_uploads_before(WallTime moment, Deadline deadline) {
  const auto uploads = list("", deadline);
  if (!uploads) return uploads.error();
  std::size_t count = 0;
  for (const auto& each : *uploads) {
    if (!is_object_key(each.key) || !each.begun_at || *each.begun_at >= moment) continue;
    if (const auto aborted = abort(each.key, each.id, deadline); !aborted) return aborted.error();
    ++count;
  }
  return count;
}

Result<std::optional<S3Upload::Found>> S3Upload::look(const std::string& key, Deadline deadline) {
  const auto answer = client_.send({.method = "HEAD", .key = key}, deadline);
  if (!answer) return answer.error();
  if (!answer->found()) return std::optional<Found>();
  const auto& http = answer->http;
  ObjectInfo info{0, http.header(std::string(kSha256Header)), http.header("content-type")};
  const auto length = http.header("content-length");
  const auto [end, error] =
      std::from_chars(length.data(), length.data() + length.size(), info.bytes);
  if (error != std::errc{} || end != length.data() + length.size())
    return client_.error("HEAD", "it answered no length");
  return std::optional(Found{std::move(info), http});
}

Result<std::optional<ObjectInfo>> S3Upload::head(const std::string& key, Deadline deadline) {
  const auto found = look(key, deadline);
  if (!found) return found.error();
  if (!*found) return std::optional<ObjectInfo>();
  return std::optional((*found)->info);
}

}  // namespace pbaas::store
