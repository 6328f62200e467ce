#include "bus/segment_format.h"

#include <gtest/gtest.h>

namespace berth::bus {
namespace {

struct Written {
  SegmentHeader header{.number = 7, .first_sequence = 100, .nonce = 0x1234567890abcdef};
  std::string file = header.encode();
  std::uint64_t next = 100;
  std::vector<std::uint64_t> offsets;

  void group(const std::vector<std::string>& payloads) {
    GroupBuffer buffer;
    for (auto& payload : payloads) buffer.add(payload.substr(0, 1), payload.substr(1));
    offsets.push_back(file.size());
    file += buffer.seal(header.nonce, file.size(), next);
    next += payloads.size();
  }
  SegmentScan scan() const { return scan_segment(file, header); }
};

TEST(SegmentFormat, header_is_read_back_and_no_other_byte_is_accepted) {
  SegmentHeader header{3, 42, 77};
  std::string text = header.encode();
  ASSERT_EQ(text.size(), SegmentHeader::size);
  auto back = SegmentHeader::decode(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->number, 3u);
  EXPECT_EQ(back->first_sequence, 42u);
  EXPECT_EQ(back->nonce, 77u);
  for (std::size_t i = 0; i < text.size(); i++) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(SegmentHeader::decode(changed)) << i;
  }
  EXPECT_FALSE(SegmentHeader::decode(text.substr(0, 39)));
}

TEST(SegmentFormat, groups_are_found_with_their_records) {
  Written written;
  written.group({"one", "two"});
  written.group({std::string(100'000, 'x')});
  written.file.append(4096, '\0');
  auto scan = written.scan();
  ASSERT_EQ(scan.groups.size(), 2u);
  EXPECT_EQ(scan.next_sequence, 103u);
  EXPECT_TRUE(scan.clean_end);
  EXPECT_EQ(scan.end, written.file.size() - 4096);
  EXPECT_EQ(scan.groups[1].offset, written.offsets[1]);
  std::vector<std::string> payloads;
  auto frames = std::string_view(written.file)
                    .substr(scan.groups[0].offset + GroupHeader::size, scan.groups[0].header.bytes);
  EXPECT_TRUE(
      read_frames(frames, 2, [&](const Frame& frame) { payloads.emplace_back(frame.payload); }));
  EXPECT_EQ(payloads, (std::vector<std::string>{"one", "two"}));
}

TEST(SegmentFormat, last_group_torn_anywhere_is_left_out) {
  Written written;
  written.group({"first"});
  std::size_t good = written.file.size();
  written.group({"second", "third"});
  for (std::size_t cut = good + 1; cut < written.file.size(); cut++) {
    for (bool zeros : {false, true}) {
      Written torn = written;
      torn.file.resize(cut);
      if (zeros) torn.file.resize(written.file.size() + 512, '\0');
      auto scan = torn.scan();
      ASSERT_EQ(scan.groups.size(), 1u) << cut;
      EXPECT_EQ(scan.end, good);
      EXPECT_EQ(scan.next_sequence, 101u);
      EXPECT_FALSE(scan.good_group_behind_damage);
    }
  }
}

TEST(SegmentFormat, damage_before_a_good_group_is_told_from_a_torn_end) {
  Written written;
  written.group({"first"});
  written.group({"second"});
  written.group({"third"});
  for (std::size_t at = written.offsets[1]; at < written.offsets[2]; at++) {
    Written damaged = written;
    damaged.file[at] = static_cast<char>(damaged.file[at] ^ 0x40);
    auto scan = damaged.scan();
    ASSERT_EQ(scan.groups.size(), 1u) << at;
    ASSERT_TRUE(scan.good_group_behind_damage) << at;
    EXPECT_EQ(*scan.good_group_behind_damage, written.offsets[2]);
  }
}

TEST(SegmentFormat, content_that_looks_like_a_group_of_another_file_or_place_is_none) {
  Written other;
  other.header.nonce = 1;
  other.group({"forged"});
  Written written;
  written.group({"first"});
  std::string copy_of_ours = written.file.substr(written.offsets[0]);
  written.group({other.file.substr(SegmentHeader::size) + copy_of_ours});
  written.file.resize(written.file.size() - 1);  // torn: what it carries must not be found
  auto scan = written.scan();
  EXPECT_EQ(scan.groups.size(), 1u);
  EXPECT_FALSE(scan.good_group_behind_damage);
}

}  // namespace
}  // namespace berth::bus
