#include "console/picture/png.h"

#include <zlib.h>

namespace berth::picture {
namespace {

constexpr std::string_view signature("\x89PNG\r\n\x1a\n", 8);
constexpr int compression = 6;
constexpr char filter_up = 2;  // each byte less the one above it: charts repeat downwards

void append_number(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_number(out, static_cast<std::uint32_t>(data.size()));
  std::size_t begin = out.size();
  out += type;
  out += data;
  auto* bytes = reinterpret_cast<const Bytef*>(out.data() + begin);
  append_number(out,
                static_cast<std::uint32_t>(crc32(0, bytes, static_cast<uInt>(out.size() - begin))));
}

std::string filtered(const Canvas& canvas) {
  auto bytes = canvas.bytes();
  std::size_t row = static_cast<std::size_t>(canvas.width()) * 3;
  std::string out;
  out.reserve(bytes.size() + static_cast<std::size_t>(canvas.height()));
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at % row == 0) out += filter_up;
    std::uint8_t above = at < row ? 0 : bytes[at - row];
    out += static_cast<char>(bytes[at] - above);
  }
  return out;
}

}  // namespace

Result<std::string> encode_png(const Canvas& canvas) {
  std::string raw = filtered(canvas);
  std::string packed(compressBound(static_cast<uLong>(raw.size())), '\0');
  uLongf size = packed.size();
  int done = compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                       reinterpret_cast<const Bytef*>(raw.data()), static_cast<uLong>(raw.size()),
                       compression);
  if (done != Z_OK) return Error::overloaded();
  packed.resize(size);
  std::string head;
  append_number(head, static_cast<std::uint32_t>(canvas.width()));
  append_number(head, static_cast<std::uint32_t>(canvas.height()));
  head +=
      std::string_view("\x08\x02\x00\x00\x00", 5);  // 8 bits, RGB, deflate, filters, no interlace
  std::string out(signature);
  append_chunk(out, "IHDR", head);
  append_chunk(out, "IDAT", packed);
  append_chunk(out, "IEND", "");
  return out;
}

}  // namespace berth::picture
