#include "observe/outputs/smtp_reply.h"

#include <fmt/format.h>

#include "base/strings.h"

namespace berth::observe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error no_reply() { return Error(Code::invalid, "what was answered is no reply of SMTP"); }

}  // namespace

std::string SmtpReply::text() const {
  return fmt::format("{} {}", code, lines.empty() ? "" : lines.back());
}

bool SmtpReply::has(std::string_view keyword) const {
  for (std::size_t i = 1; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    if (equal_ignoring_case(line.substr(0, line.find_first_of(" =")), keyword)) return true;
  }
  return false;
}

Result<std::optional<SmtpReply>> take_smtp_reply(std::string_view& text) {
  std::string_view rest = text;
  SmtpReply out;
  for (;;) {
    std::size_t end = rest.find('\n');
    if (end == rest.npos) {
      if (text.size() > smtp_reply_bytes_max) return no_reply();
      return std::optional<SmtpReply>();
    }
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() < 3 || !is_digit(line[0]) || !is_digit(line[1]) || !is_digit(line[2])) {
      return no_reply();
    }
    int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (code < 200 || code > 599 || (out.code != 0 && code != out.code)) return no_reply();
    out.code = code;
    bool more = line.size() > 3 && line[3] == '-';
    if (line.size() > 3 && !more && line[3] != ' ') return no_reply();
    out.lines.emplace_back(line.substr(std::min<std::size_t>(4, line.size())));
    if (!more) break;
  }
  text = rest;
  return std::optional(std::move(out));
}

std::string dot_stuffed(std::string_view text) {
  std::string out;
  for (auto line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('.')) out += '.';
    // A CR alone within a line is read as a line's end by some servers.
    for (char c : line) out += c == '\r' ? ' ' : c;
    out += "\r\n";
  }
  if (text.ends_with('\n')) out.resize(out.size() - 2);
  return out + ".\r\n";
}

}  // namespace berth::observe
