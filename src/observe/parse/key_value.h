#pragma once

#include <string>
#include <string_view>

#include "observe/parse/record.h"

namespace berth::observe {

/// How pairs stand in a line; as they are, logfmt's: level=info msg="it \"works\"" done.
struct KeyValueForm {
  std::string between_pairs = " \t";  // each of these characters
  std::string in_pair = "=";
  bool bare_keys = true;  // a key without a value is true
};

/// Adds the pairs as text; values may stand in double or single quotes, within which '\' escapes
/// (\n, \t, \" and others). The last of two pairs with one key counts. False, and nothing added, if
/// there is no pair with a value, or a quote is not closed.
bool read_key_values(std::string_view line, const KeyValueForm& form, Record& record);

}  // namespace berth::observe
