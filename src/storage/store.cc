#include "storage/store.h"

namespace berth::storage {

Range prefix_range(std::string_view prefix) {
  Range range{std::string(prefix), std::string(prefix)};
  // The first key behind all that begin with it: the last byte that can grow, grown.
  while (!range.end.empty() && static_cast<unsigned char>(range.end.back()) == 0xff) {
    range.end.pop_back();
  }
  if (!range.end.empty()) ++range.end.back();
  return range;
}

Deferred<Page> read_all(Store& store, Range range, std::size_t entries_max) {
  Page all;
  for (;;) {
    Page page = co_await store.read(range);
    all.revision = page.revision;
    for (auto& entry : page.entries) all.entries.push_back(std::move(entry));
    if (all.entries.size() > entries_max) {
      co_return Error(Code::overloaded, "there are more than " + std::to_string(entries_max) +
                                            " keys from '" + range.begin +
                                            "' on; read them in pages");
    }
    if (!page.more) co_return std::move(all);
    range.begin = all.entries.back().key + '\0';
    range.at = page.revision;
  }
}

}  // namespace berth::storage
