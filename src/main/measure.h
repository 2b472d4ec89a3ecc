// What every part reports of itself in the same way: relays, HTTP answers, stores.
#pragma once

#include "base/metrics.h"
#include "main/way_out.h"
#include "net/http_server.h"
#include "net/relay_pool.h"
#include "store/session_log.h"

namespace pbaas {

void count_answer(Metrics& metrics, const net::Answered& answered);
// How long a client waited for its 101; for the door that clients come to.
void observe_connect(Metrics& metrics, const net::Answered& answered);
void measure_relays(Metrics& metrics, const net::RelayPool& relays);
void measure_way_out(Metrics& metrics, const WayOut& way_out);
void measure_log(Metrics& metrics, const store::SessionLog& log);
void measure_server(Metrics& metrics, const net::HttpServer& server);

}  // namespace pbaas
