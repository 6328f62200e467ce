#include <map>

#include "base/hash.h"
#include "observe/samples/block.h"
#include "observe/samples/column_codec.h"
#include "observe/samples/sample_log.h"

namespace {
using namespace berth;
using namespace berth::observe;

void read_log(std::string_view text) {
  // As a record's body, with the checksum that it should have.
  std::uint32_t head[2] = {static_cast<std::uint32_t>(text.size()), crc32c(text)};
  std::string record(reinterpret_cast<const char*>(head), 8);
  record += text;
  std::string_view left = record;
  std::ignore = LogRecord::take_from(left);
}

void read_columns(std::string_view text) {
  std::size_t count = text.empty() ? 0 : static_cast<unsigned char>(text[0]);
  std::string_view left = text;
  auto values = take_values(left, count);
  if (values.ok()) {
    std::string encoded = encode_values(*values);
    std::string_view again = encoded;
    auto same = take_values(again, count);
    if (!same.ok() || !again.empty()) __builtin_trap();
    for (std::size_t i = 0; i < count; ++i) {
      if (std::bit_cast<std::uint64_t>((*same)[i]) != std::bit_cast<std::uint64_t>((*values)[i])) {
        __builtin_trap();
      }
    }
  }
  left = text;
  if (auto times = take_times(left, count); times.ok()) {
    std::string encoded = encode_times(*times);
    std::string_view again = encoded;
    if (take_times(again, count).value() != *times) __builtin_trap();
  }
}

void read_block(std::string_view text) {
  if (text.size() < Block::footer_bytes) return;
  auto footer = Block::read_footer(text.substr(text.size() - Block::footer_bytes));
  if (!footer.ok() || footer->index_offset > text.size()) return;
  std::map<promql::Labels, std::uint32_t> numbers;
  auto number_of = [&](const promql::Labels& labels) {
    return numbers.try_emplace(labels, numbers.size()).first->second;
  };
  std::ignore =
      Block::read(*footer, text.substr(footer->index_offset, footer->index_packed), number_of);
}

}  // namespace

// The first byte chooses what the rest is: a log's record, columns, a block.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size == 0) return 0;
  std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] == 'l') read_log(text);
  if (data[0] == 'c') read_columns(text);
  if (data[0] == 'b') read_block(text);
  return 0;
}
