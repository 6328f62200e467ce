#pragma once

#include <memory>
#include <string>
#include <vector>

#include "http/content.h"

namespace berth::http {

/// 32 hexadecimal digits that nobody can know.
std::string make_boundary(Random& random);

/// The parts as one body of known length (RFC 7578, RFC 2046 section 5.1.1); files are opened now,
/// and read in pieces of 64 KiB. invalid: a file that became shorter meanwhile.
Deferred<Body> open_multipart(std::shared_ptr<const std::vector<Part>> parts, std::string boundary);

}  // namespace berth::http
