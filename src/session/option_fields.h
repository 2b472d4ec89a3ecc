// One small reader for each field of `POST /session`, in one table. Each takes the field's value
// (never null: that means absent) and puts it into the options, or says what the field takes. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "session/options.h"

namespace pbaas::session {

// What a reader works with. `stored` is set for options that were accepted once and come back from
// the session log: limits and allow-lists that changed since then do not make an old session
// unreadable.
struct FieldReading {
  const OptionLimits& limits;
  SessionOptions& options;
  bool stored = false;
};

struct OptionField {
  std::string_view name;
  Status (*read)(const boost::json::value& value, FieldReading& reading);
};

std::span<const OptionField> option_fields();

// Reads all fields of the object. Errors: kUnknownField, kInvalidField, kNotImplemented.
Status read_option_fields(const boost::json::object& object, FieldReading& reading);

}  // namespace pbaas::session
