#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "observe/parse/record.h"

namespace berth::observe {

/// Adds the columns of a line (RFC 4180; another separator may be given) as text under these names;
/// those without a name are column4, column5... Empty ones are left out. False, and nothing added,
/// if a quote is not closed or something stands behind a closing one.
bool read_csv(std::string_view line, char separator, const std::vector<std::string>& names,
              Record& record);

}  // namespace berth::observe
