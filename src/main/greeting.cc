#include "main/greeting.h"

#include <cstdio>
#include <string>

namespace pbaas {

void greet(const Config& config, int port) {
  const std::string host =
      config.host == "0.0.0.0" || config.host == "::" ? "127.0.0.1" : config.host;
  const std::string authority =
      (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + std::to_string(port);
  const std::string http = "http://" + authority;
  const std::string ws = "ws://" + authority;
  std::printf("pbaas listens on %s\n", http.c_str());
  std::printf("  curl:        curl -s -X POST %s/session\n", http.c_str());
  std::printf(
      "  Puppeteer:   node -e \"require('puppeteer-core').connect({browserWSEndpoint:'%s'})"
      ".then(async b=>{const p=await b.newPage();await p.goto('about:blank');"
      "console.log(await b.version());await b.close()})\"\n",
      ws.c_str());
  std::printf(
      "  Playwright:  node -e \"require('playwright-core').chromium.connectOverCDP('%s')"
      ".then(async b=>{const p=await b.contexts()[0].newPage();await p.goto('about:blank');"
      "console.log(b.version());await b.close()})\"\n",
      ws.c_str());
  std::printf("  reference:   %s/docs\n", http.c_str());
  std::fflush(stdout);
}

}  // namespace pbaas
