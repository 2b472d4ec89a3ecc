// Any bytes as an S3 store's answer: nothing may crash, and what is read stays within its limits.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/s3_answer.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto fault = pbaas::store::read_fault(body);
  require(fault.code.size() <= 64 && fault.region.size() <= 64);
  require(fault.code.find('\n') == std::string::npos);
  const auto id = pbaas::store::read_upload_id(body);
  require(!id || !id->empty());
  const auto page = pbaas::store::read_uploads(body);
  require(!page || page->uploads.size() <= size);
  require(!(id && page));
  (void)pbaas::store::read_completed(body);
  (void)pbaas::store::read_iso_time(body);
  return 0;
}
