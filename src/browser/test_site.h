// A small web site on loopback for tests, served by the test's own loop. Its pages tell what they
// see of the browser: window, identity, language and time. For tests alone.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <map>
#include <memory>
#include <string>

#include "net/task.h"

namespace pbaas::browser::testing {

inline const std::string kProbeScript = R"js(
function probe() {
  const format = Intl.DateTimeFormat().resolvedOptions();
  const seen = {
    userAgent: navigator.userAgent, language: navigator.language, languages: navigator.languages,
    locale: format.locale, timeZone: format.timeZone,
    winterOffset: new Date(2026, 0, 15).getTimezoneOffset(),
    summerOffset: new Date(2026, 6, 15).getTimezoneOffset(),
  };
  if (self.document) {
    Object.assign(seen, {
      innerWidth, innerHeight, devicePixelRatio,
      screenWidth: screen.width, screenHeight: screen.height});
  }
  return seen;
}
)js";

// In the page: asks itself, a popup, frames and workers, and gives all answers as JSON.
inline const std::string kAskEverybody = R"js(
(async () => {
  const answer = (source, event) => new Promise((resolve) => {
    source.addEventListener(event, (e) => resolve(e.data));
  });
  const all = {page: probe()};
  const popup = window.open('/page?popup');
  await new Promise((resolve) => {
    const ready = () => popup.probe && popup.document.readyState === 'complete';
    const look = () => ready() ? resolve() : setTimeout(look, 10);
    look();
  });
  all.popup = popup.probe();
  for (const [name, host] of [['frame', '127.0.0.1'], ['foreignFrame', 'localhost']]) {
    const frame = document.createElement('iframe');
    const told = answer(window, 'message');
    frame.src = `http://${host}:${location.port}/frame?${name}`;
    document.body.append(frame);
    all[name] = await told;
  }
  const worker = new Worker('/worker.js');
  all.worker = await answer(worker, 'message');
  const registration = await navigator.serviceWorker.register('/service.js');
  const channel = new MessageChannel();
  const told = answer(channel.port1, 'message');
  channel.port1.start();
  await navigator.serviceWorker.ready;
  registration.active.postMessage('', [channel.port2]);
  all.serviceWorker = await told;
  return JSON.stringify(all);
})()
)js";

class TestSite {
 public:
  explicit TestSite(net::Loop& loop)
      : loop_(loop), acceptor_(loop, {boost::asio::ip::address_v6::any(), 0}) {
    acceptor_.non_blocking(true);
    boost::asio::co_spawn(loop, accept(), boost::asio::detached);
  }
  int port() const { return acceptor_.local_endpoint().port(); }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port()) + path;
  }
  // The whole head of the last request for that target; empty: none came.
  std::string head_of(const std::string& target) const {
    const auto found = heads_->find(target);
    return found == heads_->end() ? "" : found->second;
  }

 private:
  using Socket = boost::asio::ip::tcp::socket;
  using Heads = std::map<std::string, std::string>;

  net::Task<void> accept() {
    for (;;) {
      auto socket = co_await acceptor_.async_accept(boost::asio::use_awaitable);
      boost::asio::co_spawn(loop_, serve(std::move(socket), heads_), boost::asio::detached);
    }
  }

  static net::Task<void> serve(Socket socket, std::shared_ptr<Heads> heads) {
    std::string head;
    const auto buffer = boost::asio::dynamic_buffer(head);
    co_await boost::asio::async_read_until(socket, buffer, "\r\n\r\n", boost::asio::use_awaitable);
    const auto start = head.find(' ') + 1;
    const std::string target = head.substr(start, head.find(' ', start) - start);
    (*heads)[target] = head;
    const std::string answer = answer_to(target);
    co_await boost::asio::async_write(socket, boost::asio::buffer(answer),
                                      boost::asio::use_awaitable);
  }

  static std::string answer_to(const std::string& target) {
    const std::string path = target.substr(0, target.find('?'));
    std::string type = "text/html";
    std::string body = "<!doctype html><title>a page</title><body><script>" + kProbeScript +
                       (path == "/frame" ? "parent.postMessage(probe(), '*');" : "") + "</script>";
    if (path == "/worker.js" || path == "/service.js") {
      type = "text/javascript";
      body = kProbeScript + (path == "/worker.js"
                                 ? "postMessage(probe());"
                                 : "onmessage = (e) => e.ports[0].postMessage(probe());");
    }
    return "HTTP/1.1 200 OK\r\nContent-Type: " + type +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  net::Loop& loop_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::shared_ptr<Heads> heads_ = std::make_shared<Heads>();
};

}  // namespace pbaas::browser::testing
