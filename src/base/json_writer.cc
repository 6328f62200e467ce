#include "base/json_writer.h"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "base/utf8.h"

namespace berth {

namespace {
void append_escape(std::string& out, unsigned char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
  }
}
}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  std::size_t kept = 0;  // start of what goes out as it is
  for (std::size_t at = 0; at < text.size();) {
    auto c = static_cast<unsigned char>(text[at]);
    std::size_t length = 1;
    if (c >= 0x20 && c < 0x7f && c != '"' && c != '\\') [[likely]] {
      at++;
      continue;
    }
    if (c >= 0x80 && (length = utf8_length(text.substr(at))) != 0) {
      at += length;
      continue;
    }
    out += text.substr(kept, at - kept);
    if (c >= 0x80)
      out += "\\ufffd";
    else
      append_escape(out, c);
    kept = ++at;
  }
  out += text.substr(kept);
  out += '"';
}

JsonWriter& JsonWriter::begin(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end(char bracket) {
  out_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  if (number == 0 && std::signbit(number))
    out_ += "-0.0";  // as "-0" it would read back as an integer
  else
    fmt::format_to(std::back_inserter(out_), "{}", number);
  return *this;
}

JsonWriter& JsonWriter::signed_integer(std::int64_t number) {
  return raw(fmt::format_int(number).c_str());
}

JsonWriter& JsonWriter::unsigned_integer(std::uint64_t number) {
  return raw(fmt::format_int(number).c_str());
}

}  // namespace berth
