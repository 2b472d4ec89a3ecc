#include "recording/cdp_commands.h"

#include <boost/json/serialize.hpp>

#include "browser/cdp_pipe.h"

namespace pbaas::recording {

std::int64_t CdpCommands::send(const std::string& session, std::string_view method,
                               boost::json::object params) {
  const std::int64_t id = browser::kTapIdMin + sent_++;
  const boost::json::object message{
      {"id", id}, {"method", method}, {"params", std::move(params)}, {"sessionId", session}};
  send_(boost::json::serialize(message));
  return id;
}

}  // namespace pbaas::recording
