// Where a page of sessions ended, as an opaque word for the client. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/ids.h"

namespace pbaas::store {

// The last session of a page: the next page begins after it.
struct PageCursor {
  WallTime created_at;
  SessionId id;
};

// base64url without padding, https://www.rfc-editor.org/rfc/rfc4648#section-5
std::string encode_cursor(const PageCursor& cursor);
// Nothing for what `encode_cursor` never gave.
std::optional<PageCursor> decode_cursor(std::string_view text);

}  // namespace pbaas::store
