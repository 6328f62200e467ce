#include <zstd.h>

#include <algorithm>

#include "base/hash.h"
#include "observe/logs/line_block.h"
#include "observe/logs/log_record.h"

using namespace berth::observe;

// Bytes are a write-ahead log's record, whose lines come back from a block; or a damaged block.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  LineBatch batch(5);
  std::ignore = take_lines(text, batch);
  if (!batch.empty()) {
    std::string block = pack_block(batch);
    auto head = BlockHead::read(block);
    if (!head.ok()) __builtin_trap();
    auto part = [&](const BlockPart& of) {
      return std::string_view(block).substr(of.offset, of.packed);
    };
    auto back = unpack_block(*head, part(head->about), part(head->texts), part(head->fields));
    if (!back.ok() || back->size() != batch.size()) __builtin_trap();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (back->text(i) != batch.text(i) || back->cursor(i) != batch.cursor(i)) __builtin_trap();
    }
  }
  std::ignore = BlockHead::read(text).ok();
  // Parts with right checksums and any content.
  BlockHead head;
  head.lines = size % 7;
  head.sources = {{"h", "s", "s/1"}};
  std::size_t third = size / 3;
  std::string packed[3];
  BlockPart* parts[3] = {&head.about, &head.texts, &head.fields};
  for (std::size_t i = 0; i < 3; ++i) {
    std::string_view content = text.substr(i * third, third);
    packed[i].resize(ZSTD_compressBound(content.size()));
    packed[i].resize(
        ZSTD_compress(packed[i].data(), packed[i].size(), content.data(), content.size(), 1));
    *parts[i] = {0, packed[i].size(), content.size(), berth::crc32c(packed[i])};
  }
  auto read = unpack_block(head, packed[0], packed[1], packed[2]);
  if (read.ok()) {
    for (std::size_t i = 0; i < read->size(); ++i) std::ignore = read->found(i);
  }
  return 0;
}
