#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include "async/network.h"

namespace berth {

/// What is done with one connection; the work owns it.
using Converse = std::move_only_function<Deferred<void>(std::unique_ptr<ByteStream>)>;

/// Accepts connections and holds a conversation on each: Twisted's Factory and listen. At most
/// `connections_max` at a time; those beyond wait in the kernel's backlog. A conversation that
/// fails ends alone: silently where the peer is the cause (reset, closed, timed_out), otherwise
/// reported. Ends only with an error of accept(), or cancelled: each conversation is then cancelled
/// and waited for, so that it may say goodbye (async/shield.h). Dropping it drops them at once.
/// `listener`, and what `converse` refers to, outlive it.
Deferred<void> serve(Listener& listener, Converse converse, std::size_t connections_max = 1024);

}  // namespace berth
