#include <cstdint>
#include <string>

#include "base/check.h"
#include "placement/records.h"

namespace {

using namespace berth;
using namespace berth::placement;

/// What can be read at all is read the same from what it is written as.
template <class T>
void read(const Json& json) {
  Result<T> record = from_json<T>(json);
  if (!record.ok()) return;
  Result<Json> again = Json::parse(to_json(*record).text());
  check(again.ok(), "a record that is no JSON");
  Result<T> same = from_json<T>(*again);
  check(same.ok() && *same == *record, "a record that is not read as it was written");
}

}  // namespace

// Any entry of the Store is taken over or refused, and then the state stays as it was.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(reinterpret_cast<const char*>(data), size);
  std::size_t line = std::min(text.find('\n'), text.size());
  std::string key = text.substr(0, line);
  std::string value = text.substr(std::min(line + 1, text.size()));
  ClusterState state;
  if (state.apply(key, &value).ok()) check(state.apply(key, nullptr).ok(), "it cannot be removed");
  Result<Json> json = Json::parse(value);
  if (!json.ok()) return 0;
  read<SystemRecord>(*json);
  read<DesiredService>(*json);
  read<Assignment>(*json);
  read<InstanceRecord>(*json);
  read<HostRecord>(*json);
  read<FeedEntry>(*json);
  return 0;
}
