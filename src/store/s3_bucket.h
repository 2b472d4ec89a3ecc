// The bucket of an S3-compatible store, made where it is missing and the key may do that. Blocks:
// for a store's own threads.
#pragma once

#include "base/error.h"
#include "store/s3_client.h"

namespace pbaas::store {

// Done when the bucket is there; also where the key may not look, for it may still write. Errors:
// kStoreUnavailable.
Status ensure_bucket(S3Client& client, Deadline deadline);

}  // namespace pbaas::store
