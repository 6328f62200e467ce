#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "bus/record.h"
#include "bus/segment_format.h"

using namespace berth;
using namespace berth::bus;

namespace {

void read_payload(std::string_view payload) {
  if (auto message = decode_message(payload); message.ok()) {
    check(message->body.size() <= payload.size(), "a body larger than its record");
    check(decode_message(encode_head(*message) + std::string(message->body)).ok(),
          "a message that was read cannot be written");
  }
  if (auto letter = decode_letter(payload); letter.ok()) {
    check(decode_letter(encode_head(*letter) + std::string(letter->body)).ok(),
          "a letter that was read cannot be written");
  }
  static_cast<void>(decode_gone(payload).ok());
}

}  // namespace

/// Any file as a segment; and whatever follows a good group, which must be found all the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  read_payload(text);
  SegmentHeader header{1, 1, 0};
  if (auto found = SegmentHeader::decode(text)) header = *found;
  SegmentScan raw = scan_segment(text, header);
  check(raw.end <= text.size() || raw.groups.empty(), "a group behind the end of its file");

  std::string file = header.encode();
  GroupBuffer group;
  group.add("payload", text.substr(0, size / 2));
  file += group.seal(header.nonce, file.size(), header.first_sequence);
  std::size_t end = file.size();
  file += text;
  SegmentScan scan = scan_segment(file, header);
  check(!scan.groups.empty() && scan.groups[0].end() == end, "a good group was not found");
  for (auto& place : scan.groups) {
    check(place.end() <= scan.end, "groups overlap");
    auto frames =
        std::string_view(file).substr(place.offset + GroupHeader::size, place.header.bytes);
    check(read_frames(frames, place.header.count,
                      [](const Frame& frame) { read_payload(frame.payload); }),
          "a group that was found cannot be read");
  }
  return 0;
}
