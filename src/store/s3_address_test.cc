#include "store/s3_address.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

std::string url(const std::string& endpoint, const std::string& bucket = "recordings") {
  return S3Address::parse(endpoint, bucket).value().url("s/a b", "x=1");
}

TEST(S3Address, PutsTheBucketInThePathOfMostStores) {
  EXPECT_EQ(url("http://minio:9000"), "http://minio:9000/recordings/s/a%20b?x=1");
  EXPECT_EQ(url("https://ceph.example/"), "https://ceph.example/recordings/s/a%20b?x=1");
  EXPECT_EQ(url("http://[::1]:9000"), "http://[::1]:9000/recordings/s/a%20b?x=1");
}

TEST(S3Address, PutsTheBucketInTheHostOfAmazon) {
  EXPECT_EQ(url("https://s3.eu-central-1.amazonaws.com"),
            "https://recordings.s3.eu-central-1.amazonaws.com/s/a%20b?x=1");
}

TEST(S3Address, KeepsABucketWithDotsInThePathUnderTls) {
  EXPECT_EQ(url("https://s3.amazonaws.com", "my.bucket"),
            "https://s3.amazonaws.com/my.bucket/s/a%20b?x=1");
  EXPECT_EQ(url("http://s3.amazonaws.com", "my.bucket"),
            "http://my.bucket.s3.amazonaws.com/s/a%20b?x=1");
}

TEST(S3Address, PutsTheBucketInTheHostWhereTheEndpointSaysSo) {
  EXPECT_EQ(url("https://{bucket}.s3.example:8443"),
            "https://recordings.s3.example:8443/s/a%20b?x=1");
}

TEST(S3Address, NamesTheBucketItselfWithoutALastSlash) {
  EXPECT_EQ(S3Address::parse("http://minio", "recordings").value().path(""), "/recordings");
  EXPECT_EQ(S3Address::parse("http://{bucket}.minio", "recordings").value().path(""), "/");
}

TEST(S3Address, LeavesTheSchemesOwnPortOutOfTheHost) {
  EXPECT_EQ(S3Address::parse("https://h:443", "recordings").value().host(), "h");
  EXPECT_EQ(S3Address::parse("http://h:80", "recordings").value().host(), "h");
  EXPECT_EQ(S3Address::parse("http://h:443", "recordings").value().host(), "h:443");
}

TEST(S3Address, RefusesWhatIsNoEndpoint) {
  for (const char* endpoint : {"", "minio:9000", "ftp://minio", "http://", "http://a/b",
                               "http://user:password@host", "http://host?x", "http://ho st"})
    EXPECT_FALSE(S3Address::parse(endpoint, "recordings")) << endpoint;
}

TEST(S3Address, DoesNotRepeatAPassword) {
  const auto address = S3Address::parse("http://user:password@host", "recordings");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().detail.find("password"), std::string::npos);
}

TEST(S3Address, RefusesWhatIsNoBucket) {
  for (const char* bucket : {"", "ab", "Upper", "a_b", "-abc", "abc-", "a..b", "a.-b", "a/b"})
    EXPECT_FALSE(S3Address::parse("http://minio", bucket)) << bucket;
  EXPECT_FALSE(is_bucket_name(std::string(64, 'a')));
  EXPECT_TRUE(is_bucket_name("a.b-c"));
}

}  // namespace
}  // namespace pbaas::store
