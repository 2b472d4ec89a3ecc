#include "recording/cdp_commands.h"

#include <gtest/gtest.h>

#include <vector>

namespace pbaas::recording {
namespace {

TEST(CdpCommands, NumberWhatTheySendFromTheTapsFirst) {
  std::vector<std::string> sent;
  CdpCommands commands([&](std::string message) { sent.push_back(std::move(message)); });
  EXPECT_EQ(commands.send("S", "A.b", {{"c", 1}}), 1 << 30);
  EXPECT_EQ(commands.send("S", "A.b"), (1 << 30) + 1);
  EXPECT_EQ(sent[0], R"({"id":1073741824,"method":"A.b","params":{"c":1},"sessionId":"S"})");
}

}  // namespace
}  // namespace pbaas::recording
