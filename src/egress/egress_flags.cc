#include "egress/egress_flags.h"

namespace pbaas::egress {

std::vector<std::string> egress_flags(int port) {
  return {"--proxy-server=http://127.0.0.1:" + std::to_string(port),
          "--proxy-bypass-list=<-loopback>"};
}

}  // namespace pbaas::egress
