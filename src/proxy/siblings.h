#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "async/deferred.h"

namespace berth::proxy {

class Shard;

/// The same proxy on the other reactors of its process. Used on the first reactor.
class Siblings {
 public:
  virtual std::size_t count() const = 0;
  /// Runs it on each, there, on one after the other: what it takes along is in one hand at a time.
  /// It may run after the Deferred was dropped. Errors: overloaded, cancelled.
  virtual Deferred<void> each(std::function<void(Shard&)> work) = 0;
  /// The same on all at once; what is told first is done first.
  virtual void tell(std::function<void(Shard&)> work) = 0;
  /// Connections that they have now.
  virtual std::size_t connections() const = 0;

 protected:
  ~Siblings() = default;
};

/// Of a process with one reactor.
Siblings& no_siblings();

/// `own` with what `add(own, shard)` puts to it on each sibling. Errors: those of each().
template <class T, class Add>
Deferred<T> gathered(Siblings& siblings, T own, Add add) {
  auto all = std::make_shared<T>(std::move(own));
  auto asking = siblings.each([all, add](Shard& shard) { add(*all, shard); });
  co_await std::move(asking);
  co_return std::move(*all);
}

}  // namespace berth::proxy
