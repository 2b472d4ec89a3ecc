#include "recording/redacted_text.h"

#include <gtest/gtest.h>

#include <array>
#include <utility>

namespace pbaas::recording {
namespace {

const SecretNames kNames{{}};

struct Case {
  std::string_view written;
  std::string_view shown;
};

TEST(RedactedUrl, HidesEverySecretPartAndLeavesTheRestAsItIs) {
  constexpr auto kCases = std::to_array<Case>({
      {"https://a/b?x=1&access_token=abc&y=2", "https://a/b?x=1&access_token=[redacted]&y=2"},
      {"https://a/b#access_token=abc&state=1", "https://a/b#access_token=[redacted]&state=1"},
      {"https://a/b?x=1#/route?token=abc&y=2", "https://a/b?x=1#/route?token=[redacted]&y=2"},
      {"https://a/b?%74oken=abc", "https://a/b?%74oken=[redacted]"},
      {"https://a/b?user%5Bpass%5D=abc", "https://a/b?user%5Bpass%5D=[redacted]"},
      {"https://a/b?password=ab?cd;ef=1", "https://a/b?password=[redacted]"},
      {"https://a/b?x=1;token=abc;y=2&z=3", "https://a/b?x=1;token=[redacted]&z=3"},
      {"https://a/b?monkey=1&q=token", "https://a/b?monkey=1&q=token"},
      {"https://a/b?token=", "https://a/b?token="},
      {"https://a/b;jsessionid=abc/c?x=1", "https://a/b;jsessionid=[redacted]/c?x=1"},
      {"https://a/b;v=1/c", "https://a/b;v=1/c"},
      {"https://me:pw@a/b", "https://me:[redacted]@a/b"},
      {"https://ghp_x@a/b", "https://[redacted]@a/b"},
      {"//me:p@w@a/b", "//me:[redacted]@a/b"},
      {"https://auth.session.example:8443/b", "https://auth.session.example:8443/b"},
      {"https://a/v1/token:exchange", "https://a/v1/token:exchange"},
      {"/next?code=abc", "/next?code=[redacted]"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_url(written, kNames), shown);
}

TEST(RedactedUrl, LooksIntoValues) {
  constexpr auto kCases = std::to_array<Case>({
      {"/?next=https%3A%2F%2Fh%2Fcb%3Ftoken%3Dabc&x=1",
       "/?next=https%3A%2F%2Fh%2Fcb%3Ftoken%3D%5Bredacted%5D&x=1"},
      {"/?next=https://h/cb?token=abc&x=1", "/?next=https://h/cb?token=[redacted]&x=1"},
      {"/?dl=https%3A%2F%2Fh%2F%3Fu%3Dhttps%253A%252F%252Fi%252F%253Fcode%253Dabc",
       "/?dl=https%3A%2F%2Fh%2F%3Fu%3Dhttps%253A%252F%252Fi%252F%253Fcode%253D%255Bredacted%255D"},
      {"/?data=%7B%22password%22%3A%22abc%22%7D",
       "/?data=%7B%22password%22%3A%22%5Bredacted%5D%22%7D"},
      {"/?u=https%3A%2F%2Fme%3Aabc%40h%2F", "/?u=https%3A%2F%2Fme%3A%5Bredacted%5D%40h%2F"},
      {"/to/https%3A%2F%2Fh%2F%3Ftoken%3Dabc/x",
       "/to/https%3A%2F%2Fh%2F%3Ftoken%3D%5Bredacted%5D/x"},
      {"/?q=a%26password%3Dabc", "/?q=a%26password%3D%5Bredacted%5D"},
      {"/?q=password%3A+abc", "/?q=password%3A%20%5Bredacted%5D"},
      {"/?q=100%25+sure%3F", "/?q=100%25+sure%3F"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_url(written, kNames), shown);
}

TEST(RedactedUrl, HidesWhatIsTooDeepToLookAt) {
  std::string url = "/?token=abc";
  for (int i = 0; i < 12; ++i) {
    std::string outer = "/?u=";
    for (const char c : url) {
      outer += c == '%' ? "%25" : c == '=' ? "%3D" : c == '?' ? "%3F" : std::string(1, c);
    }
    url = std::move(outer);
  }
  EXPECT_EQ(redacted_url(url, kNames).find("abc"), std::string::npos);
}

TEST(RedactedText, HidesWhatFollowsTheNameOfASecret) {
  constexpr auto kCases = std::to_array<Case>({
      {"hello, it is 10:30 = half past ten", "hello, it is 10:30 = half past ten"},
      {"user=me\npassword=a & b\nn=1", "user=me\npassword=[redacted]\nn=1"},
      {"a=1&token=abc&b=2", "a=1&token=[redacted]&b=2"},
      {"my password: abc def", "my password: [redacted]"},
      {R"(login(user: "me", password: "a\"bc") { id })",
       R"(login(user: "me", password: "[redacted]") { id })"},
      {R"("{\"password\":\"abc\",\"n\":1)", R"("{\"password\":\"[redacted]\",\"n\":1)"},
      {R"({"password" : "abc)", R"({"password" : "[redacted])"},
      {"{password:'abc',n:1}", "{password:'[redacted]',n:1}"},
      {"<a><password>abc</password><n>1</n></a>", "<a><password>[redacted]</password><n>1</n></a>"},
      {"<wsse:Password Type=\"x\">abc</wsse:Password>",
       "<wsse:Password Type=\"x\">[redacted]</wsse:Password>"},
      {"<login password=\"abc\"/>", "<login password=\"[redacted]\"/>"},
      {"<Password/>", "<Password/>"},
      {"see https://ghp_x@h/ and more", "see https://[redacted]@h/ and more"},
      {"<https://h/?token=abc>; rel=next", "<https://h/?token=[redacted]"},
      {"0;url=https://h/?code=abc", "0;url=https://h/?code=[redacted]"},
      {"see https%3A%2F%2Fh%2F%3Ftoken%3Dabc", "see%20https%3A%2F%2Fh%2F%3Ftoken%3D%5Bredacted%5D"},
      {std::string_view("CONNECT\nlogin:me\npasscode:abc\n\n\0", 32),
       std::string_view("CONNECT\nlogin:me\npasscode:[redacted]\n\n\0", 39)},
      {"auth.example.com:8443", "auth.example.com:8443"},
      {"password=[redacted]", "password=[redacted]"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_text(written, kNames), shown);
}

TEST(RedactedText, LeavesBytesThatAreNoText) {
  const std::string base64 = std::string(300, 'A') + "pwdpassword" + std::string(300, 'B') + "==";
  EXPECT_EQ(redacted_text(base64, kNames), base64);
}

}  // namespace
}  // namespace pbaas::recording
