// One state of a session as a line of the spool: a check sum and the length of the rest, then
// the number of the state and the session's record as JSON. Pure.
//
//   9ae0daaf 0000003d {"seq":7,"session":{…}}
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "session/session.h"

namespace pbaas::store {

struct SpoolRecord {
  std::int64_t seq = 0;
  session::Session session;
};

// With the line's end. Text that is not UTF-8 is made so: no reader takes it otherwise.
std::string to_spool_line(std::int64_t seq, const session::Session& session);

struct SpoolReading {
  std::size_t bytes = 0;              // how far to go on; 0: the bytes end before the line does
  std::optional<SpoolRecord> record;  // nothing: what was passed is no whole line
};

// Reads the first line of `bytes`, or passes over what is none, up to where one may begin.
SpoolReading read_spool_line(std::string_view bytes);

}  // namespace pbaas::store
