#include "http/h1_writer.h"

#include <array>
#include <charconv>

namespace berth::http {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

bool writable_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos;
}

namespace {

Deferred<void> write_counted(ByteStream& stream, BodySource& source, std::uint64_t length) {
  std::uint64_t left = length;
  for (;;) {
    Bytes part = co_await source.read();
    if (part.size() > left || (part.empty() && left > 0)) {
      co_await fail_with(Error(Code::invalid, "a body of " + std::to_string(length) +
                                                  " bytes gave more or less than that"));
    }
    if (part.empty()) co_return;
    left -= part.size();
    co_await stream.write(std::move(part));
  }
}

}  // namespace

Deferred<void> write_message(ByteStream& stream, std::string head, Body body, bool with_body) {
  if (!body.source) {
    append_header(head, "content-length", std::to_string(body.text.size()));
    head += "\r\n";
    BytesList pieces(Bytes::copy(head));
    if (with_body && !body.text.empty()) pieces.add(std::move(body.text));
    co_await stream.write(std::move(pieces));
    co_return;
  }
  if (body.length) {
    append_header(head, "content-length", std::to_string(*body.length));
  } else {
    append_header(head, "transfer-encoding", "chunked");
  }
  head += "\r\n";
  co_await stream.write(Bytes::copy(head));
  if (!with_body) co_return;
  if (body.length) {
    co_await write_counted(stream, *body.source, *body.length);
    co_return;
  }
  for (;;) {
    Bytes part = co_await body.source->read();
    if (part.empty()) break;
    std::array<char, 20> size;
    auto [end, error] = std::to_chars(size.data(), size.data() + 18, part.size(), 16);
    *end++ = '\r';
    *end++ = '\n';
    BytesList pieces(Bytes::copy({size.data(), static_cast<std::size_t>(end - size.data())}));
    pieces.add(std::move(part));
    pieces.add(Bytes::literal("\r\n"));
    co_await stream.write(std::move(pieces));
  }
  co_await stream.write(Bytes::literal("0\r\n\r\n"));
}

}  // namespace berth::http
