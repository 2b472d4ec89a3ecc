#include "main/process.h"

#include <cstdio>
#include <cstdlib>

#include "base/log.h"

namespace pbaas {

int fail(const Error& error) {
  std::fprintf(stderr, "pbaas: %s\n", error.detail.c_str());
  return EXIT_FAILURE;
}

void leave_as_it_is(int exit_code) {
  std::_Exit(exit_code);
}

net::Task<void> flush_and_stop(net::Loop& loop, store::SessionLog& log) {
  const auto flushed = co_await log.flush();
  if (!flushed) log::error("session_log_lost", {{"why", flushed.error().detail}});
  log::info("stopped");
  loop.stop();
}

}  // namespace pbaas
