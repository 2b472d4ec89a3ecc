// The spool's files as a crash or a failing disk may leave them: every reader gets to the end, and
// what it takes for a record is written again as the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/spool_record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace pbaas::store;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  while (!rest.empty()) {
    const auto reading = read_spool_line(rest);
    if (reading.bytes == 0) break;
    if (reading.bytes > rest.size()) std::abort();
    rest.remove_prefix(reading.bytes);
    if (!reading.record) continue;
    const auto line = to_spool_line(reading.record->seq, reading.record->session);
    const auto again = read_spool_line(line);
    if (!again.record || again.bytes != line.size()) std::abort();
    if (again.record->seq != reading.record->seq) std::abort();
    if (again.record->session.id != reading.record->session.id) std::abort();
  }
  return 0;
}
