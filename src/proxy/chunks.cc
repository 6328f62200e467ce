#include "proxy/chunks.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/strings.h"
#include "http/h1_scan.h"
#include "http/h1_writer.h"

namespace berth::proxy {
namespace {

bool may_trail(std::string_view name) {
  static constexpr std::string_view framing[] = {
      "content-length", "transfer-encoding", "trailer",      "host",       "connection",
      "keep-alive",     "upgrade",           "te",           "set-cookie", "authorization",
      "content-type",   "content-encoding",  "content-range"};
  return http::scan::is_token(name) && std::ranges::none_of(framing, [&](std::string_view each) {
           return equal_ignoring_case(each, name);
         });
}

}  // namespace

Bytes chunk(const Bytes& part) {
  char size[20];
  char* end = std::to_chars(size, size + sizeof size, part.size(), 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  auto head = static_cast<std::size_t>(end - size);
  Block* block = Block::allocate(head + part.size() + 2);
  char* to = block->data();
  std::memcpy(to, size, head);
  std::memcpy(to + head, part.data(), part.size());
  std::memcpy(to + head + part.size(), "\r\n", 2);
  return {block, to, head + part.size() + 2};
}

Bytes last_chunk(const Fields& trailers) {
  std::string text = "0\r\n";
  for (auto& [name, value] : trailers) {
    if (may_trail(name) && http::writable_value(value)) http::append_header(text, name, value);
  }
  return Bytes::copy(text + "\r\n");
}

void TrailerTap::add(std::string_view framing) {
  while (!framing.empty()) {
    std::size_t end = framing.find('\n');
    std::size_t part = end == framing.npos ? framing.size() : end + 1;
    line_ += framing.substr(0, part);
    framing.remove_prefix(part);
    if (end == framing.npos) return;
    take_line(trim(line_));
    line_.clear();
  }
}

void TrailerTap::take_line(std::string_view line) {
  if (in_trailers_) {
    std::size_t colon = line.find(':');
    if (colon != line.npos && may_trail(line.substr(0, colon)))
      fields_.emplace_back(line.substr(0, colon), trim(line.substr(colon + 1)));
    return;
  }
  std::string_view size = trim(line.substr(0, line.find(';')));
  in_trailers_ = !size.empty() && size.find_first_not_of('0') == size.npos;
}

}  // namespace berth::proxy
