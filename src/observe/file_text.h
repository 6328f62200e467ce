#pragma once

#include <cstddef>
#include <string>

#include "async/disk.h"

namespace berth::observe {

/// What a file that need not be there has: nothing where it is not, and what is wrong with it, as a
/// text that no reader takes. Errors: cancelled.
Deferred<std::string> file_text(Disk& disk, std::string path, std::size_t bytes_max);

}  // namespace berth::observe
