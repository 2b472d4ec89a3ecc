#include "store/xml.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

TEST(Xml, ReadsElementsAndTheirText) {
  const auto root = parse_xml(
      "<?xml version=\"1.0\"?><Error xmlns=\"x\"><Code>No&amp;Such</Code><a><b>1</b></a></Error>");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->name, "Error");
  EXPECT_EQ(root->child_text("Code"), "No&Such");
  EXPECT_EQ(root->children.at(1).child_text("b"), "1");
  EXPECT_EQ(root->child_text("none"), "");
}

TEST(Xml, ReadsThePrefixedAsTheUnprefixed) {
  const auto root = parse_xml("<s3:Error xmlns:s3=\"x\"><s3:Code>A</s3:Code></s3:Error>");
  ASSERT_TRUE(root);
  EXPECT_EQ(root->child_text("Code"), "A");
}

TEST(Xml, RefusesWhatIsNotOneWholeDocument) {
  for (const char* text : {"", "x", "<a>", "<a></b>", "<a/><b/>", "<a>&nbsp;</a>", "<a b=1/>",
                           "<a>\xff</a>", "<html><br></html>", "{}"})
    EXPECT_FALSE(parse_xml(text)) << text;
}

TEST(Xml, RefusesADocumentTypeAndSoEveryEntity) {
  EXPECT_FALSE(parse_xml("<!DOCTYPE a><a/>"));
  EXPECT_FALSE(parse_xml("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>"));
}

TEST(Xml, RefusesWhatIsTooDeep) {
  const auto nested = [](int depth) {
    std::string text;
    for (int n = 0; n < depth; ++n) text += "<a>";
    for (int n = 0; n < depth; ++n) text += "</a>";
    return text;
  };
  EXPECT_TRUE(parse_xml(nested(kXmlDepthMax)));
  EXPECT_FALSE(parse_xml(nested(kXmlDepthMax + 1)));
}

TEST(Xml, RefusesWhatIsTooMany) {
  std::string text = "<a>";
  for (int n = 0; n < kXmlElementsMax; ++n) text += "<b/>";
  EXPECT_FALSE(parse_xml(text + "</a>"));
}

TEST(Xml, RefusesWhatIsTooLarge) {
  EXPECT_FALSE(parse_xml("<a>" + std::string(kXmlBytesMax, 'x') + "</a>"));
}

}  // namespace
}  // namespace pbaas::store
