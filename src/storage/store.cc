#include "storage/store.h"
namespace berth::storage {
Range prefix_range(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) end.pop_back();
  if (!end.empty()) ++end.back();
  return {std::string(prefix), end};
}
Deferred<Page> read_all(Store& store, Range range, std::size_t entries_max) {
  Page all = co_await store.read(range);
  while (all.more) {
    range.at = all.revision;
    range.begin = all.entries.back().key + std::string(1, '\0');
    Page next = co_await store.read(range);
    for (auto& e : next.entries) all.entries.push_back(std::move(e));
    all.more = next.more;
    if (all.entries.size() > entries_max) co_return Error::overloaded();
  }
  co_return all;
}
}  // namespace berth::storage
