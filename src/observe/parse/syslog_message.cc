#include "observe/parse/syslog_message.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace berth::observe {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// The text up to the next blank, which is taken too.
std::string_view take_word(std::string_view& text) {
  std::size_t size = std::min(text.find(' '), text.size());
  auto word = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return word;
}

/// <0> to <191> (RFC 5424 section 6.2.1).
void take_priority(std::string_view& text, SyslogMessage& out) {
  if (!text.starts_with('<')) return;
  std::size_t end = text.substr(0, 5).find('>');
  if (end == text.npos || end < 2) return;
  unsigned value = 0;
  for (char c : text.substr(1, end - 1)) {
    if (!digit(c)) return;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  if (value > 191) return;
  out.facility = static_cast<std::uint8_t>(value / 8);
  out.severity = static_cast<std::uint8_t>(value % 8);
  out.has_priority = true;
  text.remove_prefix(end + 1);
}

/// How long the structured data at the front is; 0 if it is none. Without its values' meaning.
std::size_t structured_length(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size() && text[at] == '[') {
    bool quoted = false;
    for (++at; at < text.size() && (quoted || text[at] != ']'); ++at) {
      if (text[at] == '\\' && quoted)
        ++at;
      else if (text[at] == '"')
        quoted = !quoted;
    }
    if (at >= text.size()) return 0;
    ++at;
  }
  return at;
}

std::string_view unless_nil(std::string_view word) { return word == "-" ? "" : word; }

/// Behind "1 "; false, and nothing kept, if it is not of this form.
bool read_5424(std::string_view text, SyslogMessage& out) {
  std::string_view time = take_word(text);
  std::array<std::string_view, 4> words;
  for (auto& word : words) {
    if (text.empty()) return false;
    word = unless_nil(take_word(text));
  }
  std::size_t length = text.starts_with('-') ? 1 : structured_length(text);
  if (length == 0 || (length < text.size() && text[length] != ' ')) return false;
  if (time != "-") {
    out.time = read_rfc3339(time);
    if (!out.time) return false;
  }
  out.rfc5424 = true;
  out.host = words[0];
  out.app = words[1];
  out.process = words[2];
  out.message_id = words[3];
  out.structured_data = unless_nil(text.substr(0, length));
  out.text = text.substr(std::min(length + 1, text.size()));
  if (out.text.starts_with("\xEF\xBB\xBF")) out.text.remove_prefix(3);
  return true;
}

/// A time at the front, with the blank behind it. The forms that senders have: RFC 3164's, with
/// fractions, with a year in the midst (Cisco), with a ':' behind.
bool take_old_time(std::string_view& text, const DateContext& context, SyslogMessage& out) {
  std::string_view rest = text;
  if (!rest.empty() && digit(rest.front())) {
    auto time = read_rfc3339(take_word(rest));
    if (!time) return false;
    out.time = time;
    text = rest;
    return true;
  }
  static const std::array<DateFormat, 4> forms{
      DateFormat::compile("MMM d HH:mm:ss").value(),
      DateFormat::compile("MMM d HH:mm:ss.S").value(),
      DateFormat::compile("MMM d yyyy HH:mm:ss").value(),
      DateFormat::compile("MMM d yyyy HH:mm:ss.S").value()};
  std::size_t colon = rest.substr(0, 24).find(':');
  if (colon == rest.npos || rest.size() < colon + 6) return false;
  std::size_t end = std::min(rest.find(' ', colon), rest.size());
  std::string_view written = rest.substr(0, end);
  if (written.ends_with(':')) written.remove_suffix(1);
  for (auto& form : forms) {
    if (auto time = form.read(written, context)) {
      out.time = time;
      text.remove_prefix(std::min(end + 1, text.size()));
      return true;
    }
  }
  return false;
}

/// "haproxy[812]:" or "haproxy:".
bool take_tag(std::string_view& text, SyslogMessage& out) {
  std::size_t end = std::min(text.find(' '), text.size());
  std::string_view word = text.substr(0, end);
  if (word.size() < 2 || !word.ends_with(':') || word.size() > 256) return false;
  word.remove_suffix(1);
  if (word.ends_with(']')) {
    std::size_t open = word.find('[');
    if (open != word.npos && open > 0) {
      out.process = word.substr(open + 1, word.size() - open - 2);
      word = word.substr(0, open);
    }
  }
  out.app = word;
  text.remove_prefix(std::min(end + 1, text.size()));
  return true;
}

void read_3164(std::string_view text, const DateContext& context, SyslogMessage& out) {
  bool timed = take_old_time(text, context, out);
  if (!take_tag(text, out) && timed) {
    std::string_view rest = text;
    std::string_view host = take_word(rest);
    if (!host.empty() && !rest.empty()) {
      out.host = host;
      text = rest;
      take_tag(text, out);
    }
  }
  out.text = text;
}

/// Calls `found` with each "id.name" and value of structured data.
template <class F>
void each_value(std::string_view data, F found) {
  while (data.starts_with('[')) {
    std::size_t length = 1;
    while (length < data.size() && data[length] != ' ' && data[length] != ']') ++length;
    std::string id(data.substr(1, length - 1));
    data.remove_prefix(length);
    while (data.starts_with(' ')) {
      std::size_t equals = data.find("=\"");
      if (equals == data.npos) return;
      std::string name = id + "." + std::string(data.substr(1, equals - 1));
      data.remove_prefix(equals + 2);
      std::string value;
      while (!data.empty() && data.front() != '"') {
        // RFC 5424 section 6.3.3: '\' escapes these three, else it is itself.
        bool escape =
            data.size() > 1 && data[0] == '\\' && std::string_view("\"\\]").contains(data[1]);
        if (escape) data.remove_prefix(1);
        value += data.front();
        data.remove_prefix(1);
      }
      if (data.empty()) return;
      data.remove_prefix(1);
      found(name, value);
    }
    if (data.empty()) return;
    data.remove_prefix(1);
  }
}

}  // namespace

void SyslogMessage::add_fields(Record& record) const {
  record.set("facility", facility);
  record.set("severity", severity);
  if (!host.empty()) record.set("host", Json(host));
  if (!app.empty()) record.set("app", Json(app));
  if (!process.empty()) record.set("process", Json(process));
  if (!message_id.empty()) record.set("message_id", Json(message_id));
  each_value(structured_data, [&](const std::string& name, const std::string& value) {
    record.add(name, Json(value));
  });
}

SyslogMessage read_syslog(std::string_view line, const DateContext& context) {
  while (!line.empty() && std::string_view("\r\n\0", 3).contains(line.back()))
    line.remove_suffix(1);
  SyslogMessage out;
  take_priority(line, out);
  if (out.has_priority && line.starts_with("1 ") && read_5424(line.substr(2), out)) return out;
  read_3164(line, context, out);
  return out;
}

bool repair_utf8(std::string& text) {
  if (is_utf8(text)) return false;
  std::string out;
  out.reserve(text.size() + 16);
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t length = utf8_length(rest);
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : rest.substr(0, length);
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  text = std::move(out);
  return true;
}

}  // namespace berth::observe
