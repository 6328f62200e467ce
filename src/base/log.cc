#include "base/log.h"

#include <fmt/format.h>

#include <iterator>
#include <string>

#include "base/json_writer.h"
#include "base/timestamp.h"
#include "base/units.h"

namespace berth {

std::string_view log_level_name(LogLevel level) {
  constexpr std::string_view names[] = {"debug", "info", "warning", "error", "off"};
  return names[static_cast<std::size_t>(level)];
}

/// One line as it grows. Values with blanks, quotes, '=' or bytes that could end or forge a line
/// are written as JSON strings.
class LogLine {
 public:
  void add(std::string_view key, std::string_view value) {
    name(key);
    bool plain = !value.empty();
    for (char c : value) plain &= c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\';
    if (plain)
      text_ += value;
    else
      append_json_string(text_, value);
  }

  void add(const LogField& field) {
    using Kind = LogField::Kind;
    switch (field.kind_) {
      case Kind::text:
        return add(field.key_, field.text_);
      case Kind::integer:
        return number(field.key_, field.integer_);
      case Kind::unsigned_integer:
        return number(field.key_, field.unsigned_);
      case Kind::number:
        return number(field.key_, field.number_);
      case Kind::duration:
        return add(field.key_, write_duration(Duration(field.integer_)));
      case Kind::error:
        break;
    }
    add(field.key_, field.error_->text());
    if (std::string at = field.error_->where(); !at.empty())
      add(std::string(field.key_) + "_at", at);
  }

  std::string_view finish() {
    if (text_.size() >= Log::line_bytes_max) {
      std::size_t end = Log::line_bytes_max - 4;
      while (end > 0 && (static_cast<unsigned char>(text_[end]) & 0xc0) == 0x80) end--;
      text_.resize(end);
      text_ += "...";
    }
    text_ += '\n';
    return text_;
  }

 private:
  void name(std::string_view key) {
    if (!text_.empty()) text_ += ' ';
    text_ += key;
    text_ += '=';
  }
  template <class T>
  void number(std::string_view key, T value) {
    name(key);
    fmt::format_to(std::back_inserter(text_), "{}", value);
  }

  std::string text_;
};

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
  LogLine line;
  if (target_->now) line.add("time", write_timestamp(target_->now(target_->context)));
  line.add("level", log_level_name(level));
  line.add("component", component_);
  line.add("message", message);
  for (const LogField& field : fields) line.add(field);
  if (target_->write) target_->write(target_->context, line.finish());
}

}  // namespace berth
