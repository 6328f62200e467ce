#include "observe/samples/block.h"

#include <gtest/gtest.h>

#include <map>

#include "observe/samples/sample_log.h"

namespace berth::observe {
namespace {

using promql::Label;
using promql::Labels;
using promql::Sample;

constexpr std::int64_t from = 1'700'000'000'000;

Labels named(int i) {
  return Labels({{"__name__", "x"}, {"instance", "host-" + std::to_string(1000 + i)}});
}

std::string written(int series) {
  BlockWriter writer(from, from + 7'200'000);
  for (int i = 0; i < series; ++i) {
    std::vector<Sample> samples;
    for (int n = 0; n < 480; ++n) samples.push_back({from + n * 15'000, i * 1000.0 + n % (i + 1)});
    writer.add(named(i), samples);
  }
  return writer.take();
}

struct Opened {
  std::map<Labels, std::uint32_t> numbers;
  std::shared_ptr<const Block> block;

  Result<void> open(std::string_view text) {
    if (text.size() < Block::footer_bytes) return Error(Code::invalid, "short");
    auto footer = TRY(Block::read_footer(text.substr(text.size() - Block::footer_bytes)));
    if (footer.index_offset > text.size()) return Error(Code::invalid, "offset");
    block = TRY(Block::read(footer, text.substr(footer.index_offset, footer.index_packed),
                            [&](const Labels& labels) {
                              return numbers.try_emplace(labels, numbers.size()).first->second;
                            }));
    return {};
  }
};

TEST(Block, what_was_written_is_read_and_neighbours_share_their_times) {
  std::string text = written(500);
  EXPECT_LT(text.size(), 500u * 480 / 2);
  Opened opened;
  ASSERT_TRUE(opened.open(text).ok());
  EXPECT_EQ(opened.block->samples(), 500u * 480);
  EXPECT_EQ(opened.block->entries().size(), 500u);
  for (int i : {0, 17, 499}) {
    auto* entry = opened.block->find(opened.numbers[named(i)]);
    ASSERT_TRUE(entry);
    auto& frame = opened.block->frame(entry->frame);
    auto unpacked = Block::unpack(frame, std::string_view(text).substr(frame.offset, frame.packed));
    ASSERT_TRUE(unpacked.ok());
    std::vector<Sample> samples;
    ASSERT_TRUE(
        opened.block->read_entry(*entry, *unpacked, from + 15'000, from + 45'000, samples).ok());
    ASSERT_EQ(samples.size(), 3u);
    EXPECT_EQ(samples[0].time, from + 15'000);
    EXPECT_EQ(samples[2].value, i * 1000.0 + 3 % (i + 1));
  }
  EXPECT_EQ(opened.block->find(100'000), nullptr);
}

TEST(Block, a_bit_that_fell_over_is_told_wherever_it_stands) {
  std::string text = written(20);
  for (std::size_t at = 8; at < text.size(); at += 7) {
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    Opened opened;
    if (!opened.open(damaged).ok()) continue;  // the index or the end
    bool told = false;
    for (auto& entry : opened.block->entries()) {
      auto& frame = opened.block->frame(entry.frame);
      auto packed = std::string_view(damaged).substr(frame.offset, frame.packed);
      told |= !Block::unpack(frame, packed).ok();
    }
    EXPECT_TRUE(told) << "byte " << at << " of " << text.size();
  }
  EXPECT_FALSE(Opened().open(text.substr(0, text.size() - 1)).ok());
}

TEST(LogRecord, a_batch_is_read_whole_or_not_at_all) {
  LogRecord record;
  record.define(7, named(1));
  record.add(7, {from, 1.5});
  record.add(7, {from + 15'000, -2});
  std::string text = record.take();
  record.add(7, {from + 30'000, 3});
  std::size_t first = text.size();
  text += record.take();
  std::string_view left = text;
  auto read = LogRecord::take_from(left);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->definitions.at(0).labels, named(1));
  EXPECT_EQ(read->samples.at(1).sample.time, from + 15'000);
  EXPECT_EQ(read->samples.at(1).sample.value, -2);
  EXPECT_EQ(LogRecord::take_from(left)->samples.at(0).number, 7u);
  EXPECT_TRUE(left.empty());
  for (std::size_t cut = first; cut < text.size(); ++cut) {
    left = std::string_view(text).substr(0, cut);
    EXPECT_TRUE(LogRecord::take_from(left));
    EXPECT_FALSE(LogRecord::take_from(left)) << cut;
  }
}

}  // namespace
}  // namespace berth::observe
