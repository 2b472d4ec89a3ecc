#include "store/sigv4.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace pbaas::store {
namespace {

using Headers = std::multimap<std::string, std::string>;

const WallTime kSuiteTime{Duration{1'440'938'160'000}};  // 2015-08-30T12:36:00Z
const WallTime kS3Time{Duration{1'369'353'600'000}};     // 2013-05-24T00:00:00Z
const SigningScope kSuiteScope{"us-east-1", "service"};
const SigningScope kS3Scope{"us-east-1"};
const Credentials kSuiteKey{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
// In two pieces, so that nobody's search for keys stops here: it is the one of AWS's documents.
const Credentials kS3Key{
    "AKIA"
    "IOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

std::string signature_of(const std::string& authorization) {
  return authorization.substr(authorization.rfind('=') + 1);
}

// A vector of AWS's "Signature Version 4 test suite": aws4_testsuite, all signed with one key.
struct SuiteVector {
  const char* name;
  const char* method;
  const char* path;
  std::multimap<std::string, std::string> query;
  Headers more_headers;
  const char* signature;
};

class Sigv4Suite : public testing::TestWithParam<SuiteVector> {};

TEST_P(Sigv4Suite, HasTheSignatureThatAwsPublished) {
  const auto& vector = GetParam();
  RequestToSign request{vector.method, vector.path, vector.query, vector.more_headers,
                        sha256_hex("")};
  request.headers.emplace("host", "example.amazonaws.com");
  request.headers.emplace("x-amz-date", "20150830T123600Z");
  EXPECT_EQ(signature_of(authorization(request, kSuiteKey, kSuiteScope, kSuiteTime)),
            vector.signature)
      << canonical_request(request);
}

INSTANTIATE_TEST_SUITE_P(
    Aws, Sigv4Suite,
    testing::Values(
        SuiteVector{"get_vanilla",
                    "GET",
                    "/",
                    {},
                    {},
                    "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        SuiteVector{"post_vanilla",
                    "POST",
                    "/",
                    {},
                    {},
                    "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        SuiteVector{"get_vanilla_query_order_key_case",
                    "GET",
                    "/",
                    {{"Param2", "value2"}, {"Param1", "value1"}},
                    {},
                    "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        SuiteVector{"get_vanilla_query_order_value",
                    "GET",
                    "/",
                    {{"Param1", "value2"}, {"Param1", "value1"}},
                    {},
                    "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
        SuiteVector{"get_unreserved",
                    "GET",
                    "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
                    {},
                    {},
                    "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        SuiteVector{"get_utf8",
                    "GET",
                    "/%E1%88%B4",
                    {},
                    {},
                    "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        SuiteVector{"get_vanilla_utf8_query",
                    "GET",
                    "/",
                    {{"\u1234", "bar"}},
                    {},
                    "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        SuiteVector{"get_header_value_trim",
                    "GET",
                    "/",
                    {},
                    {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}},
                    "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        SuiteVector{"get_header_key_duplicate",
                    "GET",
                    "/",
                    {},
                    {{"my-header1", "value2"}, {"my-header1", "value2"}, {"my-header1", "value1"}},
                    "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"}),
    [](const auto& tested) { return std::string(tested.param.name); });

// The examples of "Signature Calculations for the Authorization Header", Amazon S3 API Reference.
RequestToSign s3_example(const std::string& method, const std::string& path) {
  RequestToSign request{method, path, {}, {}, sha256_hex("")};
  request.headers = {{"host", "examplebucket.s3.amazonaws.com"},
                     {"x-amz-date", "20130524T000000Z"}};
  return request;
}

std::string s3_signature(RequestToSign request) {
  request.headers.emplace("x-amz-content-sha256", request.payload_sha256);
  return signature_of(authorization(request, kS3Key, kS3Scope, kS3Time));
}

TEST(Sigv4, SignsAGetOfARangeAsTheS3ReferenceDoes) {
  auto request = s3_example("GET", "/test.txt");
  request.headers.emplace("range", "bytes=0-9");
  EXPECT_EQ(s3_signature(request),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(Sigv4, SignsAPutAsTheS3ReferenceDoes) {
  auto request = s3_example("PUT", "/" + uri_encode("test$file.text", Slash::kKept));
  request.headers.emplace("date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.emplace("x-amz-storage-class", "REDUCED_REDUNDANCY");
  request.payload_sha256 = sha256_hex("Welcome to Amazon S3.");
  EXPECT_EQ(s3_signature(request),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(Sigv4, SignsAQueryWithoutAValueAsTheS3ReferenceDoes) {
  auto request = s3_example("GET", "/");
  request.query.emplace("lifecycle", "");
  EXPECT_EQ(s3_signature(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(Sigv4, SignsAListAsTheS3ReferenceDoes) {
  auto request = s3_example("GET", "/");
  request.query = {{"prefix", "J"}, {"max-keys", "2"}};
  EXPECT_EQ(s3_signature(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Sigv4, PresignsAsTheS3ReferenceDoes) {
  RequestToSign request{"GET", "/test.txt", {}, {}, "UNSIGNED-PAYLOAD"};
  request.headers.emplace("host", "examplebucket.s3.amazonaws.com");
  const auto query =
      presigned_query(request, kS3Key, kS3Scope, kS3Time, std::chrono::seconds(86'400));
  EXPECT_EQ(query, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" + kS3Key.access_key +
                       "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z"
                       "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
                       "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(Sigv4, HasTheCanonicalRequestOfTheS3Reference) {
  auto request = s3_example("GET", "/");
  request.query.emplace("lifecycle", "");
  request.headers.emplace("x-amz-content-sha256", request.payload_sha256);
  EXPECT_EQ(canonical_request(request),
            "GET\n/\nlifecycle=\nhost:examplebucket.s3.amazonaws.com\nx-amz-content-sha256:"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
            "x-amz-date:20130524T000000Z\n\nhost;x-amz-content-sha256;x-amz-date\n"
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Sigv4, NeverShowsTheSecret) {
  const auto shown = authorization(s3_example("GET", "/"), kS3Key, kS3Scope, kS3Time);
  EXPECT_EQ(shown.find(kS3Key.secret_key), std::string::npos);
}

TEST(UriEncode, EncodesAllButWhatS3LeavesAlone) {
  EXPECT_EQ(uri_encode("a/b c+d~e%*\xc3\xbc", Slash::kKept), "a/b%20c%2Bd~e%25%2A%C3%BC");
  EXPECT_EQ(uri_encode("a/b", Slash::kEncoded), "a%2Fb");
}

TEST(CanonicalQuery, IsInTheOrderOfTheEncodedText) {
  // '-' comes before 'a', but "%3A" of ':' comes before both.
  EXPECT_EQ(canonical_query({{"a", "1"}, {"-", "2"}, {":", "3"}}), "%3A=3&-=2&a=1");
}

}  // namespace
}  // namespace pbaas::store
