// SIGTERM and SIGINT: the first asks for a gentle end, the second for a quick one, the third is not
// waited for. Loop thread only.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>

#include "net/task.h"

namespace pbaas {

class Signals {
 public:
  explicit Signals(net::Loop& loop);
  // Runs until cancelled.
  net::Task<void> run(std::function<void()> gently, std::function<void()> at_once);

 private:
  boost::asio::signal_set signals_;
};

}  // namespace pbaas
