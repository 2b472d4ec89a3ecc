#include "session/chromium_args.h"

#include <gtest/gtest.h>

namespace pbaas::session {
namespace {

TEST(ChromiumArgs, TakesFlagsOfTheList) {
  for (const char* arg :
       {"--mute-audio", "--hide-scrollbars", "--window-position=0,0", "--font-render-hinting=none",
        "--force-color-profile=srgb", "--disable-blink-features=AutomationControlled",
        "--default-background-color=00000000", "--touch-events=enabled"}) {
    EXPECT_TRUE(check_arg(arg)) << arg;
  }
}

TEST(ChromiumArgs, RefusesWhatReachesOutOfTheBrowser) {
  for (const char* arg : {"--no-sandbox",
                          "--disable-web-security",
                          "--remote-debugging-port=9222",
                          "--remote-debugging-address=0.0.0.0",
                          "--remote-allow-origins=*",
                          "--user-data-dir=/etc",
                          "--load-extension=/tmp",
                          "--proxy-server=x",
                          "--enable-blink-features=MojoJS",
                          "--enable-features=X",
                          "--disable-features=IsolateOrigins",
                          "--js-flags=--x",
                          "--renderer-cmd-prefix=/bin/sh",
                          "--utility-cmd-prefix=/bin/sh",
                          "--gpu-launcher=/bin/sh",
                          "--disable-site-isolation-trials",
                          "--allow-file-access-from-files",
                          "--single-process",
                          "--blink-settings=webSecurityEnabled=false",
                          "--host-resolver-rules=MAP * x",
                          "--log-file=/x",
                          "--screenshot",
                          "https://example.com/",
                          "",
                          "-",
                          "--"}) {
    EXPECT_FALSE(check_arg(arg)) << arg;
  }
}

TEST(ChromiumArgs, RefusesValuesWhereNoneOrOthersAreTaken) {
  for (const char* arg :
       {"--mute-audio=", "--mute-audio=1", "--window-position",
        "--window-position=", "--window-position=1", "--window-position=1,2,3",
        "--window-position=-1,0", "--disable-blink-features=", "--disable-blink-features=a b",
        "--disable-blink-features=a\nb", "--font-render-hinting=bold",
        "--default-background-color=fff", "--MUTE-AUDIO", " --mute-audio",
        "--mute-audio --no-sandbox", "mute-audio"}) {
    EXPECT_FALSE(check_arg(arg)) << arg;
  }
}

TEST(ChromiumArgs, RefusesAnArgThatIsTooLong) {
  const std::string arg = "--disable-blink-features=" + std::string(kArgBytesMax, 'a');
  EXPECT_FALSE(check_arg(arg));
}

TEST(ChromiumArgs, PointsToTheFieldThatDoesIt) {
  EXPECT_NE(check_arg("--window-size=800,600").error().find("viewport"), std::string::npos);
  EXPECT_NE(check_arg("--lang=fr").error().find("locale"), std::string::npos);
}

TEST(ChromiumArgs, ListsWhatItTakes) {
  EXPECT_NE(check_arg("--no-sandbox").error().find("--mute-audio"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::session
