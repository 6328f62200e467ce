#pragma once

#include <string>

#include "base/result.h"
#include "console/picture/canvas.h"

namespace berth::picture {

/// The canvas as a PNG file (ISO/IEC 15948): 8 bits of red, green and blue, compressed by zlib. The
/// same canvas gives the same bytes. overloaded: there is no memory for it.
Result<std::string> encode_png(const Canvas& canvas);

}  // namespace berth::picture
