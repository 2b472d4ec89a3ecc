#include "recording/redaction.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

const Redactor kUsual{session::HarOptions{}};

Redactor with_names(std::vector<std::string> names) {
  session::HarOptions options;
  options.redacted_names = std::move(names);
  return Redactor(options);
}

TEST(Redactor, HidesCredentialHeadersInAnyCase) {
  for (const char* name : {"Authorization", "authorization", "Proxy-Authorization", "Cookie",
                           "set-cookie", "X-Api-Key", "X-CSRF-Token"}) {
    EXPECT_EQ(kUsual.header(name, "s3cret"), kRedacted) << name;
  }
  EXPECT_EQ(kUsual.header("Content-Type", "text/html"), "text/html");
}

TEST(Redactor, HidesParametersOfUrlsAndLeavesTheRestAsItIs) {
  EXPECT_EQ(kUsual.url("https://a/b?x=1&access_token=abc&y=2"),
            "https://a/b?x=1&access_token=[redacted]&y=2");
  EXPECT_EQ(kUsual.url("https://a/b#access_token=abc&state=1"),
            "https://a/b#access_token=[redacted]&state=1");
  EXPECT_EQ(kUsual.url("https://a/b?%74oken=abc"), "https://a/b?%74oken=[redacted]");
  EXPECT_EQ(kUsual.url("https://me:pw@a/b"), "https://me:[redacted]@a/b");
  EXPECT_EQ(kUsual.url("https://a/b?monkey=1&q=token"), "https://a/b?monkey=1&q=token");
}

TEST(Redactor, HidesParametersInHeadersThatHoldUrls) {
  EXPECT_EQ(kUsual.header("Referer", "http://a/?token=abc"), "http://a/?token=[redacted]");
  EXPECT_EQ(kUsual.header("location", "/next?code=abc"), "/next?code=[redacted]");
}

TEST(Redactor, HidesFieldsOfForms) {
  EXPECT_EQ(kUsual.body("application/x-www-form-urlencoded", "user=me&password=pw&n=1"),
            "user=me&password=[redacted]&n=1");
  const std::string head = "--B\r\nContent-Disposition: form-data; name=\"";
  const std::string form =
      head + "user\"\r\n\r\nme\r\n" + head + "password\"\r\n\r\npw\r\n--B--\r\n";
  const auto hidden = kUsual.body("multipart/form-data; boundary=B", form);
  EXPECT_EQ(hidden,
            head + "user\"\r\n\r\nme\r\n" + head + "password\"\r\n\r\n[redacted]\r\n--B--\r\n");
}

TEST(Redactor, HidesKeysOfJsonAtAnyDepth) {
  EXPECT_EQ(kUsual.body("application/json", R"({"a":[{"userPassword":"pw","b":1}]})"),
            R"({"a":[{"userPassword":"[redacted]","b":1}]})");
  EXPECT_EQ(kUsual.body("application/json", R"({ "a" : 1 })"), R"({ "a" : 1 })");
  EXPECT_EQ(kUsual.message(R"({"token":"t"})"), R"({"token":"[redacted]"})");
}

TEST(Redactor, LeavesOutJsonThatItCannotRead) {
  EXPECT_FALSE(kUsual.body("application/json", R"({"password":"p)"));
}

TEST(Redactor, HidesNamedFieldsBesides) {
  const auto redactor = with_names({"SSN", "x-customer"});
  EXPECT_TRUE(redactor.is_secret("ssn"));
  EXPECT_EQ(redactor.header("X-Customer", "7"), kRedacted);
  EXPECT_TRUE(redactor.is_secret("password"));
  EXPECT_FALSE(kUsual.is_secret("ssn"));
}

TEST(Redactor, HidesNothingWhereAskedNotTo) {
  session::HarOptions options;
  options.redaction = session::Redaction::kNone;
  const Redactor redactor(options);
  EXPECT_EQ(redactor.header("Authorization", "Bearer x"), "Bearer x");
  EXPECT_EQ(redactor.url("http://u:p@a/?token=x"), "http://u:p@a/?token=x");
  EXPECT_EQ(redactor.body("application/json", "{oops"), "{oops");
}

}  // namespace
}  // namespace pbaas::recording
