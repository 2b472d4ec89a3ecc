#include "store/s3_bucket.h"

#include "base/log.h"
#include "store/s3_answer.h"

namespace pbaas::store {
namespace {

enum class Found { kThere, kMissing };

// Lists instead of a HEAD: a HEAD's answer has no body, so that a wrong secret looks like a right
// that is missing.
Result<Found> look(S3Client& client, Deadline deadline) {
  S3Request asked{.method = "GET"};
  asked.query = {{"list-type", "2"}, {"max-keys", "1"}};
  const auto answer = client.send(asked, deadline);
  if (!answer) {
    const bool denied = answer.error().detail.find("403 AccessDenied") != std::string::npos;
    if (denied) return Found::kThere;
    return answer.error();
  }
  return answer->found() ? Found::kThere : Found::kMissing;
}

}  // namespace

Status ensure_bucket(S3Client& client, Deadline deadline) {
  const auto found = look(client, deadline);
  if (!found) return found.error();
  if (*found == Found::kThere) return {};
  S3Request made{.method = "PUT"};
  if (client.address().is_amazon() && client.region() != "us-east-1") {
    made.body = write_bucket_region(client.region());
    made.headers.emplace("content-type", "application/xml");
  }
  const auto answer = client.send(made, deadline);
  if (!answer) return answer.error();
  // Another worker was quicker (BucketAlreadyOwnedByYou), or somebody else has the name.
  if (answer->code == "BucketAlreadyExists") {
    const auto again = look(client, deadline);
    if (again && *again == Found::kThere) return {};
    return client.error("the making of the bucket", "somebody else has a bucket of that name");
  }
  if (answer->code.empty())
    log::info("bucket made",
              {{"endpoint", client.address().endpoint()}, {"bucket", client.address().bucket()}});
  return {};
}

}  // namespace pbaas::store
