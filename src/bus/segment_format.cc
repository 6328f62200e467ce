#include "bus/segment_format.h"

#include <array>

#include "base/hash.h"
#include "bus/little_endian.h"

namespace berth::bus {
namespace {

constexpr std::string_view magic = "BERTHLOG";
constexpr std::uint32_t version = 1;

std::uint32_t group_checksum(std::string_view fields, std::uint64_t nonce, std::uint64_t offset) {
  std::array<char, 16> place;
  for (std::size_t i = 0; i < 8; i++) {
    place[i] = static_cast<char>(nonce >> (8 * i));
    place[8 + i] = static_cast<char>(offset >> (8 * i));
  }
  return crc32c(fields, crc32c({place.data(), place.size()}));
}

}  // namespace

std::string SegmentHeader::encode() const {
  std::string out(magic);
  append_fixed(out, version);
  append_fixed(out, number);
  append_fixed(out, first_sequence);
  append_fixed(out, nonce);
  append_fixed(out, crc32c(out));
  return out;
}

std::optional<SegmentHeader> SegmentHeader::decode(std::string_view file) {
  if (file.size() < size || !file.starts_with(magic)) return std::nullopt;
  if (read_fixed<std::uint32_t>(file, size - 4) != crc32c(file.substr(0, size - 4))) return {};
  if (read_fixed<std::uint32_t>(file, 8) != version) return std::nullopt;
  return SegmentHeader{read_fixed<std::uint64_t>(file, 12), read_fixed<std::uint64_t>(file, 20),
                       read_fixed<std::uint64_t>(file, 28)};
}

std::optional<GroupHeader> GroupHeader::decode(std::string_view text, std::uint64_t nonce,
                                               std::uint64_t offset) {
  if (text.size() < size) return std::nullopt;
  auto checksum = read_fixed<std::uint32_t>(text, 0);
  if (checksum != group_checksum(text.substr(4, size - 4), nonce, offset)) return std::nullopt;
  return GroupHeader{read_fixed<std::uint32_t>(text, 4), read_fixed<std::uint32_t>(text, 8),
                     read_fixed<std::uint64_t>(text, 12)};
}

GroupBuffer::GroupBuffer() : text_(GroupHeader::size, '\0') {}

void GroupBuffer::add(std::string_view head, std::string_view body) {
  append_fixed(text_, static_cast<std::uint32_t>(head.size() + body.size()));
  append_fixed(text_, crc32c(body, crc32c(head)));
  text_ += head;
  text_ += body;
  count_++;
}

std::string_view GroupBuffer::seal(std::uint64_t nonce, std::uint64_t offset,
                                   std::uint64_t first_sequence) {
  std::string fields;
  append_fixed(fields, static_cast<std::uint32_t>(text_.size() - GroupHeader::size));
  append_fixed(fields, count_);
  append_fixed(fields, first_sequence);
  std::string header;
  append_fixed(header, group_checksum(fields, nonce, offset));
  text_.replace(0, GroupHeader::size, header + fields);
  return text_;
}

std::optional<std::string_view> read_frame(std::string_view frame) {
  if (frame.size() < Frame::header_size) return std::nullopt;
  auto bytes = read_fixed<std::uint32_t>(frame, 0);
  auto checksum = read_fixed<std::uint32_t>(frame, 4);
  frame.remove_prefix(Frame::header_size);
  if (bytes != frame.size() || checksum != crc32c(frame)) return std::nullopt;
  return frame;
}

bool read_frames(std::string_view frames, std::uint32_t count,
                 const std::function<void(const Frame&)>& visit) {
  std::uint32_t offset = 0;
  for (; count > 0; count--) {
    if (frames.size() - offset < Frame::header_size) return false;
    auto bytes = read_fixed<std::uint32_t>(frames, offset);
    if (frames.size() - offset - Frame::header_size < bytes) return false;
    auto payload = read_frame(frames.substr(offset, Frame::header_size + bytes));
    if (!payload) return false;
    visit({offset, *payload});
    offset += Frame::header_size + bytes;
  }
  return offset == frames.size();
}

namespace {

/// The whole good group at `offset`, if one stands there.
std::optional<GroupPlace> group_at(std::string_view file, const SegmentHeader& segment,
                                   std::uint64_t offset) {
  std::string_view text = file.substr(offset);
  auto header = GroupHeader::decode(text, segment.nonce, offset);
  if (!header || header->count == 0) return std::nullopt;
  text.remove_prefix(GroupHeader::size);
  if (text.size() < header->bytes) return std::nullopt;
  bool whole = read_frames(text.substr(0, header->bytes), header->count, [](const Frame&) {});
  if (!whole) return std::nullopt;
  return GroupPlace{offset, *header};
}

}  // namespace

SegmentScan scan_segment(std::string_view file, const SegmentHeader& header) {
  SegmentScan scan;
  scan.next_sequence = header.first_sequence;
  while (scan.end < file.size()) {
    auto group = group_at(file, header, scan.end);
    if (!group || group->header.first_sequence != scan.next_sequence) break;
    scan.groups.push_back(*group);
    scan.end = group->end();
    scan.next_sequence += group->header.count;
  }
  if (scan.end >= file.size()) return scan;
  std::size_t rest = file.find_first_not_of('\0', scan.end);
  scan.clean_end = rest == file.npos;
  if (scan.clean_end) return scan;
  for (std::uint64_t at = scan.end; at + GroupHeader::size <= file.size(); at++) {
    if (group_at(file, header, at)) {
      scan.good_group_behind_damage = at;
      break;
    }
  }
  return scan;
}

}  // namespace berth::bus
