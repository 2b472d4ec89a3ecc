#include "store/object_key.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

const std::string kSession = "0123456789abcdef0123456789abcdef";

TEST(ObjectKey, IsTheSessionAndTheName) {
  const auto session = SessionId::parse(kSession);
  EXPECT_EQ(object_key(*session, "network.har"), kSession + "/network.har");
  EXPECT_TRUE(is_object_key(object_key(*session, "video.webm")));
}

TEST(ObjectKey, IsNothingThatLeadsElsewhere) {
  for (const std::string name :
       {"", ".", "..", "../x", ".hidden", "a/b", "a\\b", "/", "a b", "A", "%2e", "\xc3\xbc"})
    EXPECT_FALSE(is_object_key(kSession + "/" + name)) << name;
  EXPECT_FALSE(is_object_key(kSession + "/a" + std::string(1, '\0')));
  EXPECT_FALSE(is_object_key(kSession + "/" + std::string(65, 'a')));
}

TEST(ObjectKey, NeedsASession) {
  for (const std::string& key : {std::string(), std::string("x"), kSession, "../" + kSession,
                                 kSession.substr(1) + "/network.har", "/" + kSession})
    EXPECT_FALSE(is_object_key(key)) << key;
}

TEST(ObjectKey, SaysWhichKeyIsNone) {
  const auto checked = check_object_key("../etc");
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().detail.find("../etc"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::store
