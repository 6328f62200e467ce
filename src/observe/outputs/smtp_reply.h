#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::observe {

/// A reply of a mail server (RFC 5321 section 4.2): its code, and the text of each line.
struct SmtpReply {
  int code = 0;
  std::vector<std::string> lines;

  bool good() const { return code >= 200 && code < 400; }
  /// It may do later (section 4.2.1).
  bool transient() const { return code >= 400 && code < 500; }
  /// "550 no such user here".
  std::string text() const;
  /// Whether a line names this extension (section 4.1.1.1): "STARTTLS", "AUTH".
  bool has(std::string_view keyword) const;
};
inline constexpr std::size_t smtp_reply_bytes_max = 64 << 10;

/// Takes a whole reply from the front. Nothing: more must come. invalid: it is none.
Result<std::optional<SmtpReply>> take_smtp_reply(std::string_view& text);

/// The content of DATA: lines end with CR LF, a dot at a line's begin is doubled, and a line with a
/// dot alone ends it (RFC 5321 section 4.5.2).
std::string dot_stuffed(std::string_view text);

}  // namespace berth::observe
