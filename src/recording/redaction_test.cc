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

TEST(Redactor, HidesHeadersThatCarryATokenUnderAnotherName) {
  EXPECT_EQ(kUsual.header("Sec-WebSocket-Protocol", "base64url.bearer.authorization.k8s.io.eA"),
            kRedacted);
  EXPECT_EQ(kUsual.header("Access-Control-Allow-Credentials", "true"), "true");
  EXPECT_EQ(kUsual.header("WWW-Authenticate", "Basic realm=\"a\""), "Basic realm=\"a\"");
}

TEST(Redactor, HidesParametersInAnyHeaderThatHoldsAUrl) {
  for (const char* name : {"Referer", "HX-Current-URL", "X-Original-URI", "Origin"})
    EXPECT_EQ(kUsual.header(name, "http://a/?token=abc&b=1"), "http://a/?token=[redacted]&b=1");
  EXPECT_EQ(kUsual.header("location", "https://ghp_x@h/?code=abc"),
            "https://[redacted]@h/?code=[redacted]");
  EXPECT_EQ(kUsual.header("X-State", R"({"pw":"abc"})"), R"({"pw":"[redacted]"})");
}

TEST(Redactor, LeavesOrdinaryHeadersAsTheyAre) {
  for (const char* value :
       {"text/html; charset=utf-8", "max-age=0, must-revalidate", "Wed, 21 Oct 2026 07:28:00 GMT",
        "en;q=0.8, de;q=0.5", "W/\"a+b/c==\"", "multipart/form-data; boundary=B",
        "Mozilla/5.0 (X11; Linux x86_64) [x/1.2;y]", "\"Chromium\";v=\"156\", \"a\";v=\"8\"",
        "default-src 'self' https://auth.example:8443; report-uri /csp?a=1"})
    EXPECT_EQ(kUsual.header("X-Any", value), value);
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

std::string part(const std::string& disposition, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

std::string shown(std::string_view type, std::string_view text) {
  return kUsual.body(type, text).value_or("left out");
}

TEST(Redactor, LooksIntoThePartsOfAForm) {
  const std::string type = "multipart/form-data; boundary=\"B\"";
  const std::string json = "name=\"operations\"\r\nContent-Type: application/json";
  const std::string file = "name=\"f\"; filename=\"password\"\r\nContent-Type: image/png";
  EXPECT_EQ(shown(type, part("name=password", "abc") + part("NAME=\"n\"", R"({"pw":"abc"})") +
                            part(json, R"({"token":"abc"})") + part(json, "{oops") +
                            part(file, "abc") + part("filename=\"x\"; name=\"user[pass]\"", "abc") +
                            part("name=\"filename\"", "1") + "--B--\r\n"),
            part("name=password", "[redacted]") + part("NAME=\"n\"", R"({"pw":"[redacted]"})") +
                part(json, R"({"token":"[redacted]"})") + part(json, "[redacted]") +
                part(file, "[redacted]") +
                part("filename=\"x\"; name=\"user[pass]\"", "[redacted]") +
                part("name=\"filename\"", "1") + "--B--\r\n");
}

TEST(Redactor, ReadsABodyByItsShapeWhereItsTypeSaysLittle) {
  EXPECT_EQ(shown("text/plain", "user=me\r\npassword=a&b c\r\nn=1\r\n"),
            "user=me\r\npassword=[redacted]\r\nn=1\r\n");
  EXPECT_EQ(shown("text/plain;charset=UTF-8", "a=1&password=abc"), "a=1&password=[redacted]");
  EXPECT_EQ(shown("text/plain", R"({"password":"abc"})"), R"({"password":"[redacted]"})");
  EXPECT_EQ(shown("", R"(40{"token":"x"})"), R"(40{"token":"[redacted]"})");
  EXPECT_EQ(shown("application/x-www-form-urlencoded", R"([{"name":"pw","value":"abc"}])"),
            R"([{"name":"pw","value":"[redacted]"}])");
  EXPECT_EQ(shown("application/x-www-form-urlencoded", "a&b=c d&data=%7B%22pw%22%3A%22abc%22%7D"),
            "a&b=c d&data=%7B%22pw%22%3A%22%5Bredacted%5D%22%7D");
  EXPECT_EQ(shown("application/json", ""), "");
}

TEST(Redactor, LeavesOutBodiesThatItCannotRead) {
  const std::pair<const char*, const char*> bodies[] = {
      {"application/json", R"({"password":"p)"},
      {"", R"({"password":"p)"},
      {"text/xml", "<password>pw</password>"},
      {"application/soap+xml", "<a x=\"1\"><password>pw</password></a>"},
      {"application/x-www-form-urlencoded", "<a x='1'><password>pw</password></a>"},
      {"application/x-www-form-urlencoded", "password: pw"},
      {"application/graphql", "mutation { login(password: \"pw\") }"},
      {"text/plain", "hunter2"},
      {"text/plain", "a=1\nhunter2"},
      {"application/octet-stream", "\x01\x02pw=1"},
      {"multipart/form-data", "--B\r\n\r\npw\r\n--B--"},
      {"multipart/form-data; boundary=C", "--B\r\n\r\npw\r\n--B--"},
  };
  for (const auto& [type, text] : bodies) EXPECT_FALSE(kUsual.body(type, text)) << type << text;
}

TEST(Redactor, HidesSecretsOfMessages) {
  EXPECT_EQ(kUsual.message(R"({"token":"t"})"), R"({"token":"[redacted]"})");
  EXPECT_EQ(kUsual.message(R"(40{"token":"t"})"), R"(40{"token":"[redacted]"})");
  EXPECT_EQ(kUsual.message(R"({"token":"t)"), kRedacted);
  EXPECT_EQ(kUsual.message("CONNECT\npasscode:abc\n"), "CONNECT\npasscode:[redacted]\n");
  EXPECT_EQ(kUsual.message("hello"), "hello");
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
