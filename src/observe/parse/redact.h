#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "observe/parse/record.h"

namespace berth::observe {

/// What is taken out of lines before anything keeps them.
struct Redaction {
  bool cards = true;  // payment card numbers, by issuer, length and check digit (ISO/IEC 7812)
  bool tokens =
      true;  // bearer tokens, JWTs, keys of well-known services, password=..., "token": ...
  bool mails = true;  // mail addresses

  bool any() const { return cards || tokens || mails; }
};

/// Puts [card], [token] and [mail] in their places; says how many. Linear in the text's length.
/// A text without any is not copied.
std::size_t redact(std::string& text, const Redaction& redaction);
/// The same for the line and each text of a record; a field that is named as a secret goes whole.
std::size_t redact(Record& record, const Redaction& redaction);

}  // namespace berth::observe
