#include "http/h1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "http/h1_scan.h"

namespace berth::http {

void append_header(std::string& out, std::string_view name, std::string_view value) {
  std::size_t size = out.size();
  out.resize_and_overwrite(size + name.size() + value.size() + 4, [&](char* begin, std::size_t) {
    char* at = begin + size;
    for (std::string_view part : {name, std::string_view(": "), value, std::string_view("\r\n")}) {
      at += part.copy(at, part.size());
    }
    return at - begin;
  });
}

bool writable_value(std::string_view value) {
  if (scan::is_value(value)) return true;  // nearly all
  return std::ranges::none_of(value, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

HeadBuffer::~HeadBuffer() {
  if (block_) block_->release();
}

HeadBuffer& HeadBuffer::append(std::size_t number) {
  constexpr std::size_t digits_max = 20;
  make_room(digits_max);
  at_ = std::to_chars(at_, at_ + digits_max, number).ptr;
  return *this;
}

void HeadBuffer::grow(std::size_t bytes) {
  std::size_t size = at_ ? static_cast<std::size_t>(at_ - block_->data()) : 0;
  bool usable = block_ && !at_ && block_->unique() && block_->capacity() >= bytes;
  if (!usable) {
    Block* larger = Block::allocate(std::max({bytes_min, size + bytes, size * 2}));
    if (size > 0) std::memcpy(larger->data(), block_->data(), size);
    if (block_) block_->release();
    block_ = larger;
  }
  at_ = block_->data() + size;
  end_ = block_->data() + block_->capacity();
}

Bytes HeadBuffer::take() {
  if (!at_) return {};
  block_->retain();
  Bytes taken(block_, block_->data(), static_cast<std::size_t>(at_ - block_->data()));
  at_ = end_ = nullptr;
  return taken;
}

HeadBuffers::Lease::Lease(HeadBuffers& of) : of_(of) {
  if (of.free_.empty()) {
    buffer_ = std::make_unique<HeadBuffer>();
  } else {
    buffer_ = std::move(of.free_.back());
    of.free_.pop_back();
  }
}

HeadBuffers::Lease::~Lease() {
  if (of_.free_.size() < kept_max) of_.free_.push_back(std::move(buffer_));
}

namespace {

/// Beyond, a body is sent from where it lies; below, copying it behind its head is cheaper.
constexpr std::size_t copied_body_bytes_max = 1024;

Deferred<void> write_counted(ByteStream& stream, Bytes head, std::unique_ptr<BodySource> source,
                             std::uint64_t length, bool with_body) {
  if (auto* part = source->file_part(); part && with_body && part->length == length) {
    co_await stream.write_file(std::move(head), *part->file, part->offset, length);
    co_return;
  }
  co_await stream.write(std::move(head));
  if (!with_body) co_return;
  std::uint64_t left = length;
  for (;;) {
    Bytes part = co_await source->read();
    if (part.size() > left || (part.empty() && left > 0)) {
      co_await fail_with(Error(Code::invalid, "a body of " + std::to_string(length) +
                                                  " bytes gave more or less than that"));
    }
    if (part.empty()) co_return;
    left -= part.size();
    co_await stream.write(std::move(part));
  }
}

Deferred<void> write_chunks(ByteStream& stream, Bytes head, std::unique_ptr<BodySource> source,
                            bool with_body) {
  co_await stream.write(std::move(head));
  if (!with_body) co_return;
  for (;;) {
    Bytes part = co_await source->read();
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
  std::string end = "0\r\n";
  for (auto& [name, value] : source->trailers()) {
    if (writable_value(value)) append_header(end, name, value);
  }
  co_await stream.write(Bytes::copy(end + "\r\n"));
}

}  // namespace

Deferred<void> write_message(ByteStream& stream, HeadBuffer& head, Body body, bool with_body) {
  if (body.source && body.length) {
    head.append("content-length: ").append(*body.length).append("\r\n\r\n");
    return write_counted(stream, head.take(), std::move(body.source), *body.length, with_body);
  }
  if (body.source) {
    head.append("transfer-encoding: chunked\r\n\r\n");
    return write_chunks(stream, head.take(), std::move(body.source), with_body);
  }
  head.append("content-length: ").append(body.text.size()).append("\r\n\r\n");
  if (!with_body || body.text.empty()) return stream.write(head.take());
  if (body.text.size() <= copied_body_bytes_max) {
    return stream.write(head.append(body.text.view()).take());
  }
  BytesList pieces(head.take());
  pieces.add(std::move(body.text));
  return stream.write(std::move(pieces));
}

Deferred<void> write_message(ByteStream& stream, std::string head, Body body, bool with_body) {
  HeadBuffer buffer;
  buffer.append(head);
  return write_message(stream, buffer, std::move(body), with_body);
}

}  // namespace berth::http
