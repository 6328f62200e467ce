#include "observe/streams/query.h"

// A query's text; what it becomes is asked about some events.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth::observe;
  std::string_view input(reinterpret_cast<const char*>(data), size);
  auto query = streams::Query::parse(input);
  if (!query.ok()) return 0;
  Event event{"web1", "api latency", "ok", "all is well", 1.5, {1}, {}, {"slow"}, {{"paws", "4"}}};
  bool holds = query->matches(event);
  if (auto key = query->host_and_service()) {
    bool same = event.host == key->first && event.service == key->second;
    if (same != holds) __builtin_trap();
  }
  Event nothing;
  streams::clear(nothing);
  query->matches(nothing);
  return 0;
}
