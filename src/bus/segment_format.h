#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::bus {

// The bytes of a segment file, without I/O: docs/formats/bus.md, "Segments".
//
//   segment = header group...           what follows the last group is zeros, or was never synced
//   group   = group header, frame...    written at once and synced before the next group is written
//   frame   = bytes, checksum, payload  one record

struct SegmentHeader {
  static constexpr std::size_t size = 40;
  std::uint64_t number = 0;
  std::uint64_t first_sequence = 0;  // of its first record
  std::uint64_t nonce = 0;  // so that no record's content can look like a group of this file
  std::string encode() const;
  static std::optional<SegmentHeader> decode(std::string_view file);
};

struct GroupHeader {
  static constexpr std::size_t size = 20;
  std::uint32_t bytes = 0;  // of the frames that follow
  std::uint32_t count = 0;  // of the frames
  std::uint64_t first_sequence = 0;
  /// Nothing if no group stands at `offset` of the file, from which on `text` is.
  static std::optional<GroupHeader> decode(std::string_view text, std::uint64_t nonce,
                                           std::uint64_t offset);
};

struct Frame {
  static constexpr std::size_t header_size = 8;
  std::uint32_t offset = 0;  // within the group's frames
  std::string_view payload;
};

/// Records on their way to the disk: what one write and one sync make durable.
class GroupBuffer {
 public:
  GroupBuffer();
  /// One record, its payload in two parts.
  void add(std::string_view head, std::string_view body);
  std::size_t size() const { return text_.size(); }
  std::uint32_t count() const { return count_; }
  std::string_view frames() const { return std::string_view(text_).substr(GroupHeader::size); }
  /// Makes the header for its place. The whole group; the frames begin behind GroupHeader::size.
  std::string_view seal(std::uint64_t nonce, std::uint64_t offset, std::uint64_t first_sequence);

 private:
  std::string text_;
  std::uint32_t count_ = 0;
};

/// Calls `visit` for each frame; false if they are not whole: `count` frames with good checksums
/// that fill `frames`. May have called `visit` before that turns out.
bool read_frames(std::string_view frames, std::uint32_t count,
                 const std::function<void(const Frame&)>& visit);
/// The payload of a frame with nothing around it; nothing if it is damaged.
std::optional<std::string_view> read_frame(std::string_view frame);

struct GroupPlace {
  std::uint64_t offset = 0;
  GroupHeader header;
  std::uint64_t end() const { return offset + GroupHeader::size + header.bytes; }
};

/// What a segment holds. Only the last group that was written can be torn, since each is synced
/// before the next: a good group behind a damaged one means that synced bytes went bad.
struct SegmentScan {
  std::vector<GroupPlace> groups;
  std::uint64_t end = SegmentHeader::size;  // behind the last good group
  std::uint64_t next_sequence = 0;
  bool clean_end = true;                                  // nothing but zeros follows
  std::optional<std::uint64_t> good_group_behind_damage;  // where it is
};
SegmentScan scan_segment(std::string_view file, const SegmentHeader& header);

}  // namespace berth::bus
