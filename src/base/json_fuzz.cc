#include <cstdint>

#include "base/check.h"
#include "base/json.h"
#include "base/json_fault.h"

// What can be read is written as JSON that reads the same; what cannot has a reason and a place.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Result<Json> json = Json::parse(text);
  if (json.ok()) {
    Result<Json> again = Json::parse(json->text());
    check(again.ok() && again->text() == json->text(), "JSON changed by being written");
  } else {
    JsonFault fault = find_json_fault(text, 64);
    check(fault.offset <= size && !fault.reason.empty(), "a fault without a place");
    check(fault.reason.find("it is not JSON that Berth can read") == std::string::npos,
          "the two readers of JSON disagree");
  }
  std::string quoted;
  append_json_string(quoted, text);
  check(Json::parse(quoted).ok(), "a written JSON string cannot be read");
  return 0;
}
