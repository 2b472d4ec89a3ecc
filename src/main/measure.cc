#include "main/measure.h"

#include <chrono>
#include <string>

namespace pbaas {

void count_answer(Metrics& metrics, const net::Answered& answered) {
  metrics.count("pbaas_http_requests_total", {{"method", answered.method},
                                              {"route", answered.route},
                                              {"status", std::to_string(answered.status)}});
}

void observe_connect(Metrics& metrics, const net::Answered& answered) {
  // `WS /` creates before it connects.
  if (answered.status != 101 || answered.route == "/") return;
  metrics.observe("pbaas_create_seconds", {{"phase", "connect"}},
                  std::chrono::duration<double>(answered.duration).count());
}

void measure_relays(Metrics& metrics, const net::RelayPool& relays) {
  const auto totals = relays.totals();
  metrics.set("pbaas_relays_open", {}, static_cast<double>(relays.open()));
  const auto count = [&metrics](const char* name, const char* direction, std::uint64_t total) {
    metrics.count_up_to(name, {{"direction", direction}}, static_cast<double>(total));
  };
  count("pbaas_relay_bytes_total", "up", totals.bytes_up);
  count("pbaas_relay_bytes_total", "down", totals.bytes_down);
  count("pbaas_relay_messages_total", "up", totals.messages_up);
  count("pbaas_relay_messages_total", "down", totals.messages_down);
  for (const auto& [code, ends] : totals.ends) {
    metrics.count_up_to("pbaas_relay_closes_total", {{"code", std::to_string(code)}},
                        static_cast<double>(ends));
  }
}

void measure_way_out(Metrics& metrics, const WayOut& way_out) {
  const auto totals = way_out.totals();
  const auto count = [&metrics](const char* name, const Metrics::Labels& labels,
                                std::uint64_t total) {
    metrics.count_up_to(name, labels, static_cast<double>(total));
  };
  count("pbaas_egress_bytes_total", {{"direction", "up"}}, totals.bytes_up);
  count("pbaas_egress_bytes_total", {{"direction", "down"}}, totals.bytes_down);
  count("pbaas_egress_connections_total", {}, totals.connections);
  count("pbaas_egress_refused_total", {}, totals.refusals);
  metrics.set("pbaas_egress_open", {}, static_cast<double>(way_out.connections()));
}

void measure_log(Metrics& metrics, const store::SessionLog& log) {
  const auto stats = log.stats();
  metrics.set("pbaas_session_log_pending", {}, static_cast<double>(stats.pending));
  metrics.set("pbaas_session_log_spool_bytes", {}, static_cast<double>(stats.spool_bytes));
  metrics.count_up_to("pbaas_session_log_failures_total", {},
                      static_cast<double>(stats.failed_batches));
  metrics.count_up_to("pbaas_session_log_lost_total", {{"why", "refused"}},
                      static_cast<double>(stats.refused));
  metrics.count_up_to("pbaas_session_log_lost_total", {{"why", "no_room"}},
                      static_cast<double>(stats.lost));
  metrics.set("pbaas_store_away", {{"store", "session_log"}}, stats.away ? 1 : 0);
}

void measure_server(Metrics& metrics, const net::HttpServer& server) {
  metrics.set("pbaas_http_connections", {}, static_cast<double>(server.connections()));
}

}  // namespace pbaas
