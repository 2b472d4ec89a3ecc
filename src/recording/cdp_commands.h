// The recorder's own commands to the browser: numbered, sent and not waited for. Owned by a
// recording; one thread.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace pbaas::recording {

class CdpCommands {
 public:
  // Must not block.
  using Send = std::function<void(std::string message)>;
  explicit CdpCommands(Send send) : send_(std::move(send)) {}

  // Gives the id that its answer will have.
  std::int64_t send(const std::string& session, std::string_view method,
                    boost::json::object params = {});

 private:
  Send send_;
  std::int64_t sent_ = 0;
};

}  // namespace pbaas::recording
