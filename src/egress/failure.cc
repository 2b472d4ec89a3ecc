#include "egress/failure.h"

#include <array>

namespace pbaas::egress {
namespace {

struct Row {
  FailureKind kind;
  std::string_view status;
  std::string_view word;
  std::string_view proxy_status;  // https://www.rfc-editor.org/rfc/rfc9209#section-2.3
  std::string_view sentence;
};

constexpr std::array kRows{
    Row{FailureKind::kBadRequest, "400 Bad Request", "bad_request", "http_request_error",
        "The request is not one that a proxy takes."},
    Row{FailureKind::kRefusedAddress, "403 Forbidden", "refused_address",
        "destination_ip_prohibited",
        "This browser may reach public addresses alone, and this is not one."},
    Row{FailureKind::kTooManyConnections, "503 Service Unavailable", "too_many_connections",
        "connection_limit_reached", "This session has as many connections as it may have."},
    Row{FailureKind::kNameNotFound, "502 Bad Gateway", "name_not_found", "dns_error",
        "There is no such host name."},
    Row{FailureKind::kResolverFailed, "502 Bad Gateway", "resolver_failed", "dns_error",
        "The host name could not be looked up."},
    Row{FailureKind::kResolverTimeout, "504 Gateway Timeout", "resolver_timeout", "dns_timeout",
        "The host name could not be looked up in time."},
    Row{FailureKind::kResolverBusy, "503 Service Unavailable", "resolver_busy", "dns_error",
        "Too many host names are being looked up."},
    Row{FailureKind::kConnectionRefused, "502 Bad Gateway", "connection_refused",
        "connection_refused", "The server refused the connection."},
    Row{FailureKind::kConnectionTimeout, "504 Gateway Timeout", "connection_timeout",
        "connection_timeout", "The server did not answer in time."},
    Row{FailureKind::kUnreachable, "502 Bad Gateway", "unreachable", "destination_ip_unroutable",
        "There is no way to the server."},
    Row{FailureKind::kUpstreamRefused, "502 Bad Gateway", "upstream_refused",
        "proxy_internal_error", "The session's own proxy did not connect."},
    Row{FailureKind::kUpstreamCredentials, "502 Bad Gateway", "upstream_credentials",
        "proxy_configuration_error",
        "The session's own proxy does not take its user and password."},
    Row{FailureKind::kBrokenAnswer, "502 Bad Gateway", "broken_answer", "http_protocol_error",
        "The server's answer could not be read."},
    Row{FailureKind::kNoAnswer, "502 Bad Gateway", "no_answer", "connection_terminated",
        "The server ended the connection without an answer."},
    Row{FailureKind::kAnswerTimeout, "504 Gateway Timeout", "answer_timeout",
        "http_response_timeout", "The server took too long to answer."},
};

const Row& row_of(FailureKind kind) {
  for (const auto& row : kRows) {
    if (row.kind == kind) return row;
  }
  return kRows[0];
}

std::string page(const Failure& failure, const Row& row, std::string_view where) {
  std::string page = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>";
  page.append(row.status).append("</title></head><body><h1>").append(row.status);
  page.append("</h1><p>").append(row.sentence).append("</p><p><code>");
  // Hosts are of letters, digits and a few marks, none of which means anything in HTML.
  page.append(where).append("</code> ").append(failure.word());
  return page.append("</p><p>pbaas egress proxy</p></body></html>\n");
}

}  // namespace

bool Failure::is_refusal() const {
  return kind == FailureKind::kRefusedAddress || kind == FailureKind::kTooManyConnections;
}

std::string_view Failure::word() const {
  if (kind == FailureKind::kRefusedAddress && address) return to_word(*address);
  return row_of(kind).word;
}

std::string failure_response(const Failure& failure, std::string_view where) {
  const Row& row = row_of(failure.kind);
  const std::string body = page(failure, row, where);
  std::string text = "HTTP/1.1 ";
  text.append(row.status).append("\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ");
  text.append(std::to_string(body.size()));
  text.append("\r\nCache-Control: no-store\r\nProxy-Status: pbaas; error=")
      .append(row.proxy_status);
  text.append("; details=\"").append(failure.word());
  return text.append("\"\r\nConnection: close\r\n\r\n").append(body);
}

}  // namespace pbaas::egress
