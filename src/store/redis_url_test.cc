#include "store/redis_url.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

TEST(RedisUrl, TakesAHostAlone) {
  const auto url = parse_redis_url("redis://redis").value();
  EXPECT_EQ(url.host, "redis");
  EXPECT_EQ(url.port, 6379);
  EXPECT_EQ(url.database, 0);
  EXPECT_TRUE(url.user.empty() && url.password.empty());
}

TEST(RedisUrl, TakesEveryPart) {
  const auto url = parse_redis_url("redis://ann:p%40ss:word@10.0.0.1:7000/3").value();
  EXPECT_EQ(url.host, "10.0.0.1");
  EXPECT_EQ(url.port, 7000);
  EXPECT_EQ(url.database, 3);
  EXPECT_EQ(url.user, "ann");
  EXPECT_EQ(url.password, "p@ss:word");
}

TEST(RedisUrl, TakesAPasswordWithoutAUser) {
  const auto url = parse_redis_url("redis://:secret@redis/").value();
  EXPECT_TRUE(url.user.empty());
  EXPECT_EQ(url.password, "secret");
}

TEST(RedisUrl, TakesAnIpv6AddressInBrackets) {
  EXPECT_EQ(parse_redis_url("redis://[::1]:7000").value().host, "::1");
  EXPECT_EQ(parse_redis_url("redis://[::1]:7000").value().port, 7000);
  EXPECT_EQ(parse_redis_url("redis://[::1]").value().port, 6379);
}

TEST(RedisUrl, RefusesWhatItCannotReach) {
  for (const char* url :
       {"", "redis://", "http://redis", "redis://:7000", "redis://redis:0", "redis://redis:70000",
        "redis://redis:x", "redis://redis/x", "redis://[::1", "redis://ann@redis",
        "redis://ann:@redis", "redis://ann:%zz@redis", "redis://redis:7000:8000"}) {
    const auto parsed = parse_redis_url(url);
    ASSERT_FALSE(parsed) << url;
    EXPECT_EQ(parsed.error().field, "REDIS_URL");
  }
}

TEST(RedisUrl, SaysThatItCannotDoTls) {
  EXPECT_NE(parse_redis_url("rediss://redis").error().detail.find("TLS"), std::string::npos);
}

TEST(RedisUrl, KeepsThePasswordToItself) {
  EXPECT_EQ(parse_redis_url("redis://ann:secret@redis").value().name(), "redis:6379/0");
  const auto refused = parse_redis_url("redis://ann:secret@redis:x");
  EXPECT_EQ(refused.error().detail.find("secret"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::store
