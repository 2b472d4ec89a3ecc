#include "main/browsers.h"

#include "main/limits.h"

namespace pbaas {

Result<Browsers> open_browsers(const Config& config, browser::LauncherConfig launching,
                               net::Loop& loop, const Clock& clock) {
  auto way_out = WayOut::create(config);
  if (!way_out) return way_out.error();
  launching.open_egress = [&out = **way_out](egress::EgressSpec spec, UniqueFd listener) {
    return out.open(std::move(spec), std::move(listener));
  };
  auto launcher = browser::Launcher::create(loop, clock, std::move(launching));
  if (!launcher) return launcher.error();
  (*way_out)->start(clock, threads_to_relay(config));
  return Browsers{std::move(*way_out), std::move(*launcher)};
}

}  // namespace pbaas
