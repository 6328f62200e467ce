#include <cstdint>

#include "base/check.h"
#include "storage/rocks_codec.h"

// Stored bytes that can be read are what would be written for them; none crash.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::storage;
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto entry = rocks::decode_entry("key", bytes);
  if (entry.ok()) {
    auto again = rocks::decode_entry("key", rocks::encode_entry(*entry));
    check(again.ok() && *again == *entry, "an entry changed by being written");
  }
  auto record = rocks::decode_record(7, bytes);
  if (record.ok()) {
    std::string written = rocks::encode_record(*record);
    auto again = rocks::decode_record(7, written);
    check(again.ok() && rocks::encode_record(*again) == written,
          "a record changed by being written");
    check(rocks::decode_position(bytes).value() == record->position, "a record has two positions");
  }
  auto number = rocks::decode_number(bytes);
  if (number.ok()) {
    check(rocks::decode_number(rocks::encode_number(*number)).value() == *number,
          "a number changed by being written");
  }
  if (rocks::number_of(bytes).ok()) check(size == 9, "a key of another length was read");
  return 0;
}
