#include "proxy/siblings.h"

namespace berth::proxy {
namespace {

struct NoSiblings final : Siblings {
  std::size_t count() const override { return 0; }
  Deferred<void> each(std::function<void(Shard&)>) override { return ready(); }
  void tell(std::function<void(Shard&)>) override {}
  std::size_t connections() const override { return 0; }
};

}  // namespace

Siblings& no_siblings() {
  static NoSiblings nobody;
  return nobody;
}

}  // namespace berth::proxy
