#include "runtime/tar_source.h"

#include <algorithm>

namespace berth::runtime {
namespace {

constexpr std::size_t block = 512;
constexpr std::size_t name_bytes_max = 100;
constexpr std::size_t prefix_bytes_max = 155;
constexpr std::uint64_t size_max = 077777777777;  // eleven octal digits

/// Octal digits with zeros in front, and the NUL that ends the field.
void put_octal(std::string& header, std::size_t at, std::size_t width, std::uint64_t value) {
  for (std::size_t i = at + width - 1; i-- > at; value /= 8) {
    header[i] = static_cast<char>('0' + value % 8);
  }
}

void put_text(std::string& header, std::size_t at, std::string_view text) {
  std::copy(text.begin(), text.end(), header.begin() + static_cast<std::ptrdiff_t>(at));
}

/// Where a name is cut into prefix and name; npos: it does not fit.
std::size_t cut_of(std::string_view name) {
  if (name.size() <= name_bytes_max) return 0;
  std::size_t slash = name.rfind('/', prefix_bytes_max);
  bool fits = slash != std::string_view::npos && slash > 0 &&
              name.size() - slash - 1 <= name_bytes_max && slash + 1 < name.size();
  return fits ? slash : std::string_view::npos;
}

/// "LENGTH key=value\n", where LENGTH counts its own digits too.
std::string pax_record(std::string_view key, std::string_view value) {
  std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + std::to_string(rest).size();
  if (std::to_string(length).size() + rest != length) ++length;
  return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

std::string ustar(std::string_view name, std::uint64_t size, char type, std::string_view link,
                  unsigned mode, WallTime modified) {
  std::string header(block, '\0');
  std::size_t cut = cut_of(name);
  if (cut == std::string_view::npos) cut = 0;  // an extended header has the whole name
  std::string_view last = cut > 0 ? name.substr(cut + 1) : name;
  put_text(header, 0, last.substr(0, name_bytes_max));
  put_octal(header, 100, 8, mode);
  put_octal(header, 108, 8, 0);
  put_octal(header, 116, 8, 0);
  put_octal(header, 124, 12, std::min(size, size_max));
  put_octal(header, 136, 12, static_cast<std::uint64_t>(modified.nanoseconds / 1'000'000'000));
  put_text(header, 148, "        ");
  header[156] = type;
  put_text(header, 157, link.substr(0, name_bytes_max));
  put_text(header, 257, std::string_view("ustar\00000", 8));
  put_text(header, 345, name.substr(0, cut));
  unsigned sum = 0;
  for (char c : header) sum += static_cast<unsigned char>(c);
  put_octal(header, 148, 7, sum);
  header[154] = '\0';
  return header;
}

std::size_t padding(std::uint64_t size) { return (block - size % block) % block; }

}  // namespace

std::string tar_header(const TarEntry& entry, WallTime modified) {
  std::string name = entry.name + (entry.is_folder ? "/" : "");
  std::string extended;
  if (cut_of(name) == std::string::npos) extended += pax_record("path", name);
  if (entry.link.size() > name_bytes_max) extended += pax_record("linkpath", entry.link);
  if (entry.size > size_max) extended += pax_record("size", std::to_string(entry.size));
  std::string out;
  if (!extended.empty()) {
    out = ustar("pax_header", extended.size(), 'x', "", 0644, modified) + extended;
    out.append(padding(extended.size()), '\0');
  }
  char type = entry.is_folder ? '5' : entry.link.empty() ? '0' : '2';
  unsigned mode = entry.is_folder || entry.executable ? 0755 : 0644;
  return out + ustar(name, type == '0' ? entry.size : 0, type, entry.link, mode, modified);
}

Deferred<Bytes> TarSource::read() {
  if (ended_) return ready(Bytes());
  return offset_ < size_ ? next_content() : next_header();
}

Deferred<Bytes> TarSource::next_header() {
  if (next_ == entries_.size()) {
    ended_ = true;
    co_return Bytes::copy(std::string(2 * block, '\0'));
  }
  const TarEntry& entry = entries_[next_++];
  bool content = !entry.is_folder && entry.link.empty() && entry.size > 0;
  offset_ = 0;
  size_ = content ? entry.size : 0;
  // An empty file is not opened: it may be a pipe or socket, on which that would wait.
  if (content) file_ = co_await disk_.open(entry.path, OpenMode::read);
  co_return Bytes::copy(tar_header(entry, modified_));
}

Deferred<Bytes> TarSource::next_content() {
  std::uint64_t left = size_ - offset_;
  auto length = static_cast<std::size_t>(std::min<std::uint64_t>(part_bytes, left));
  Bytes part = co_await file_->read(offset_, length);
  bool whole = part.size() == length && padding(size_) == 0;
  offset_ += length;
  if (whole || (part.size() == length && offset_ < size_)) co_return part;
  std::string text = part.text();
  text.resize(length);
  if (offset_ == size_) text.append(padding(size_), '\0');
  co_return Bytes::copy(text);
}

}  // namespace berth::runtime
