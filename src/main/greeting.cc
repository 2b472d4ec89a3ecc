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
  // The keys themselves are nobody's to print.
  const bool keys = !config.api_keys.empty();
  const char* header = keys ? " -H \"Authorization: Bearer $KEY\"" : "";
  const char* query = keys ? "/?token=$KEY" : "";
  if (keys) std::printf("  with one of API_KEYS in $KEY:\n");
  std::printf("  curl:        curl -s -X POST%s %s/session\n", header, http.c_str());
  std::printf(
      "  Puppeteer:   node -e \"require('puppeteer-core').connect({browserWSEndpoint:'%s%s'})"
      ".then(async b=>{const p=await b.newPage();await p.goto('about:blank');"
      "console.log(await b.version());await b.close()})\"\n",
      ws.c_str(), query);
  std::printf(
      "  Playwright:  node -e \"require('playwright-core').chromium.connectOverCDP('%s%s')"
      ".then(async b=>{const p=await b.contexts()[0].newPage();await p.goto('about:blank');"
      "console.log(b.version());await b.close()})\"\n",
      ws.c_str(), query);
  std::printf("  reference:   %s/docs\n", http.c_str());
  std::fflush(stdout);
}

}  // namespace pbaas
