// XML as an S3 store answers it, read strictly and with limits: a small tree of elements. No
// document type and no entities of its own, so nothing in it can grow or reach out. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pbaas::store {

inline constexpr std::size_t kXmlBytesMax = 4 * 1024 * 1024;
inline constexpr int kXmlDepthMax = 8;
inline constexpr int kXmlElementsMax = 20'000;

struct XmlElement {
  std::string name;  // without its prefix
  std::string text;
  std::vector<XmlElement> children;

  // The text of the first child of that name; empty where there is none.
  std::string child_text(std::string_view child) const;
};

// Nothing for what is not one whole well-formed document within the limits.
std::optional<XmlElement> parse_xml(std::string_view document);

}  // namespace pbaas::store
