// Uploads to an S3-compatible store: one request for a small file, a multipart upload for a large
// one, which is completed or aborted, never left behind. Blocks: for a store's own threads. The
// client must outlive it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "store/file_digest.h"
#include "store/object_store.h"
#include "store/s3_answer.h"
#include "store/s3_client.h"

namespace pbaas::store {

// Above it a file goes up in parts of this size, so that what is cut off costs one part.
inline constexpr std::uint64_t kPartBytes = 16 * 1024 * 1024;
// The metadata that says what an object must hold, and that it is ours.
inline constexpr std::string_view kSha256Header = "x-amz-meta-sha256";

class S3Upload {
 public:
  explicit S3Upload(S3Client& client) : client_(client) {}

  // Opens, digests and sends the file.
  Result<ObjectInfo> put(const PutRequest& request, Deadline deadline);
  Result<std::optional<ObjectInfo>> head(const std::string& key, Deadline deadline);
  // Aborts what uploads of this key were cut off: only one process ever uploads a key.
  Status abort_uploads_of(const std::string& key, Deadline deadline);
  // Aborts uploads of recordings that were begun before `moment`, by whoever.
  Result<std::size_t> abort_uploads_before(WallTime moment, Deadline deadline);

 private:
  struct Found {
    ObjectInfo info;
    HttpAnswer http;  // the answer to HEAD, for its other headers
  };

  Result<ObjectInfo> stored_before(const PutRequest& request, const Error& missing,
                                   Deadline deadline);
  Result<std::optional<Found>> look(const std::string& key, Deadline deadline);
  Status put_whole(const PutRequest& request, int file, const FileDigests& digests,
                   Deadline deadline);
  Status put_in_parts(const PutRequest& request, int file, const FileDigests& digests,
                      Deadline deadline);
  Result<std::string> begin(const PutRequest& request, const std::string& sha256,
                            Deadline deadline);
  Result<std::vector<S3Part>> send_parts(const PutRequest& request, int file,
                                         const FileDigests& digests, const std::string& upload_id,
                                         Deadline deadline);
  Status complete(const std::string& key, const std::string& upload_id,
                  const std::vector<S3Part>& parts, Deadline deadline);
  Status abort(const std::string& key, const std::string& upload_id, Deadline deadline);
  Result<std::vector<DanglingUpload>> list(const std::string& prefix, Deadline deadline);
  // Whether the ETag is that of what was sent, where the store makes it of the content.
  Status check_etag(const HttpAnswer& answer, std::string etag, const std::string& md5) const;

  S3Client& client_;
};

}  // namespace pbaas::store
