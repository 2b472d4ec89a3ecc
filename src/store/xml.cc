#include "store/xml.h"

#include <expat.h>

#include <memory>
#include <type_traits>

namespace pbaas::store {
namespace {

// What the parser has read so far: the elements that are open, outermost first.
struct Reading {
  XML_Parser parser = nullptr;
  std::vector<XmlElement> open;
  std::optional<XmlElement> root;
  int elements = 0;
};

Reading& reading_of(void* user) {
  return *static_cast<Reading*>(user);
}

void begin_element(void* user, const XML_Char* name, const XML_Char**) {
  auto& reading = reading_of(user);
  if (++reading.elements > kXmlElementsMax || reading.open.size() >= kXmlDepthMax) {
    XML_StopParser(reading.parser, XML_FALSE);
    return;
  }
  const std::string_view whole(name);
  const auto colon = whole.rfind(':');
  XmlElement element;
  element.name = colon == std::string_view::npos ? whole : whole.substr(colon + 1);
  reading.open.push_back(std::move(element));
}

void end_element(void* user, const XML_Char*) {
  auto& reading = reading_of(user);
  XmlElement ended = std::move(reading.open.back());
  reading.open.pop_back();
  if (reading.open.empty()) {
    reading.root = std::move(ended);
  } else {
    reading.open.back().children.push_back(std::move(ended));
  }
}

void add_text(void* user, const XML_Char* text, int size) {
  auto& reading = reading_of(user);
  if (!reading.open.empty()) reading.open.back().text.append(text, static_cast<std::size_t>(size));
}

void refuse_document_type(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  XML_StopParser(reading_of(user).parser, XML_FALSE);
}

}  // namespace

std::string XmlElement::child_text(std::string_view child) const {
  for (const auto& each : children) {
    if (each.name == child) return each.text;
  }
  return {};
}

std::optional<XmlElement> parse_xml(std::string_view document) {
  if (document.size() > kXmlBytesMax) return std::nullopt;
  using Parser = std::unique_ptr<std::remove_pointer_t<XML_Parser>, decltype(&XML_ParserFree)>;
  const Parser parser(XML_ParserCreate("UTF-8"), &XML_ParserFree);
  if (!parser) return std::nullopt;
  Reading reading{.parser = parser.get()};
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), begin_element, end_element);
  XML_SetCharacterDataHandler(parser.get(), add_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), refuse_document_type);
  const auto status =
      XML_Parse(parser.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
  if (status != XML_STATUS_OK) return std::nullopt;
  return std::move(reading.root);
}

}  // namespace pbaas::store
