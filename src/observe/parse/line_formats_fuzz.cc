#include "observe/parse/csv.h"
#include "observe/parse/dissect.h"
#include "observe/parse/json_line.h"
#include "observe/parse/key_value.h"
#include "observe/parse/redact.h"

// Logfmt, CSV, JSON, dissect (the first line is its pattern) and redaction.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  std::string_view first = input.substr(0, input.find('\n'));
  Record record;
  bool any = read_key_values(input, {}, record) | read_csv(input, ',', {"a", "b"}, record) |
             read_json_line(input, record);
  if (auto dissect = Dissect::compile(first); dissect.ok()) {
    any = dissect->match(input.substr(first.size()), record) | any;
  }
  if (!any && !record.fields.empty()) __builtin_trap();
  record.line = input;
  redact(record, {});
  // What was put in its place is not found again.
  if (std::string line = record.line; redact(line, {}) != 0 && line == record.line)
    __builtin_trap();
  return 0;
}
