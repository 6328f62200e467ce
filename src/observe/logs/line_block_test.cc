#include "observe/logs/line_block.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include "observe/logs/log_query.h"
#include "observe/logs/log_suite.h"

namespace berth::observe {
namespace {

LineBatch shop_batch(std::uint64_t lines, std::uint64_t first = 1) {
  LineBatch batch(first);
  ShopLines shop;
  for (std::uint64_t n = 0; n < lines; ++n) batch.add(shop.make(n));
  return batch;
}

std::string_view part_of(std::string_view block, const BlockPart& part) {
  return block.substr(part.offset, part.packed);
}

Result<LineBatch> unpack(std::string_view block) {
  auto head = TRY(BlockHead::read(block));
  return unpack_block(head, part_of(block, head.about), part_of(block, head.texts),
                      part_of(block, head.fields));
}

bool may_match(std::string_view block, std::string_view query) {
  auto head = BlockHead::read(block).value();
  auto read = LogQuery::parse(query).value();
  BlockFacts facts;
  for (std::uint64_t hash : read.words()) {
    std::size_t bucket = WordFilter::bucket_of(hash, head.words.size);
    facts.words.push_back(WordFilter::may_hold(
        part_of(block, head.words).substr(bucket, WordFilter::bucket_bytes), hash));
  }
  GramSet grams;
  EXPECT_TRUE(grams.read(part_of(block, head.grams)));
  facts.grams = &grams;
  return read.may_match(head.sources, head.levels, facts);
}

TEST(LineBlock, every_line_comes_back) {
  LineBatch batch = shop_batch(3000, 77);
  LogLineField odd[] = {{"a", ""}, {"b", "two\nlines"}};
  batch.add({{-5}, "", "", "", LogLevel::debug, "", odd});
  batch.add({{INT64_MAX}, "h", "s", "s/1", LogLevel::error, "\n\n", {}});
  batch.add({{INT64_MIN}, "h", "s", "s/1", LogLevel::info, "\xff\xfe\x00z", {}});
  auto back = unpack(pack_block(batch));
  ASSERT_TRUE(back.ok()) << back.error().text();
  ASSERT_EQ(back->size(), batch.size());
  EXPECT_EQ(back->first_sequence(), 77u);
  EXPECT_EQ(back->oldest(), INT64_MIN);
  EXPECT_EQ(back->newest(), INT64_MAX);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    ASSERT_EQ(back->text(i), batch.text(i)) << i;
    ASSERT_EQ(back->cursor(i), batch.cursor(i));
    ASSERT_EQ(back->source(i), batch.source(i));
    ASSERT_EQ(back->level(i), batch.level(i));
    ASSERT_EQ(back->found(i).fields, batch.found(i).fields);
  }
}

TEST(LineBlock, its_times_alone_are_enough_to_count) {
  std::string block = pack_block(shop_batch(100));
  auto head = BlockHead::read(block).value();
  auto back = unpack_block(head, part_of(block, head.about), {}, {});
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->size(), 100u);
  EXPECT_EQ(back->text(50), "");
  EXPECT_EQ(back->level(9), LogLevel::error);
  EXPECT_EQ(head.levels[static_cast<std::size_t>(LogLevel::error)], 10u);
}

TEST(LineBlock, it_knows_what_it_has_not) {
  std::string block = pack_block(shop_batch(20'000));
  for (auto query : {"request", "trace:trace17", "status:200", "orders.java", "/Orders[.]java/",
                     "*fus*", "level:error", "service:users", "card:visa", "-nothing", "took_ms>48",
                     "missing OR payment", "/x|refused/"}) {
    EXPECT_TRUE(may_match(block, query)) << query;
  }
  for (auto query : {"missing", "trace:trace20001", "\"payment missing\"", "*zzq*", "/Qrders/",
                     "level:debug", "service:mail", "host:server", "card:amex"}) {
    EXPECT_FALSE(may_match(block, query)) << query;
  }
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) wrong += may_match(block, "absent" + std::to_string(i)) ? 1 : 0;
  EXPECT_LT(wrong, 200);
}

TEST(LineBlock, bytes_are_close_to_those_of_zstd_on_the_plain_text) {
  LineBatch batch = shop_batch(30'000);
  std::string plain;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto line = batch.found(i);
    plain += std::to_string(line.time.nanoseconds / 1'000'000) + " " + line.source.host + " " +
             line.source.instance + " " + std::to_string(static_cast<int>(line.level));
    for (auto& [name, value] : line.fields)
      plain.append(" ").append(name).append("=").append(value);
    plain.append(" ").append(line.text).append("\n");
  }
  std::string packed(ZSTD_compressBound(plain.size()), '\0');
  std::size_t peer = ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 3);
  EXPECT_LT(pack_block(batch).size(), peer * 12 / 10);
}

TEST(LineBlock, damage_is_found) {
  std::string block = pack_block(shop_batch(500));
  std::size_t parts = BlockHead::read(block).value().about.offset;
  for (std::size_t at : {std::size_t{3}, std::size_t{20}, parts + 5, block.size() - 3}) {
    std::string damaged = block;
    damaged[at] = static_cast<char>(damaged[at] ^ 16);
    EXPECT_FALSE(unpack(damaged).ok()) << at;
  }
  EXPECT_FALSE(BlockHead::read(std::string_view(block).substr(0, 30)).ok());
}

}  // namespace
}  // namespace berth::observe
