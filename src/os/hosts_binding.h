#pragma once

#include <string>

namespace berth::os {

/// Binds the file `hosts` over /etc/hosts in a mount name space of this process's own (with a user
/// name space where it is not root), for it and its children. Answers "bound", "not asked for", or
/// why not. For single-threaded processes.
std::string bind_hosts(const std::string& hosts);

}  // namespace berth::os
