#include "http/websocket_deflate.h"

#include <zlib.h>

#include <algorithm>

namespace berth::http {
namespace {

/// What a sender leaves out at the end of each message (RFC 7692 section 7.2.1).
constexpr std::string_view left_out("\0\0\xff\xff", 4);
constexpr std::size_t step_bytes_least = 4096;
constexpr int raw = -1;  // zlib: negative window bits are a stream without header
constexpr int window_bits_most = 15;
constexpr int memory_level = 8;

Bytef* as_zlib(const char* data) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(data));
}

}  // namespace

void MessageInflater::End::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}

MessageInflater::MessageInflater(bool keep_context) : keep_context_(keep_context) {}
MessageInflater::~MessageInflater() = default;

Result<std::string> MessageInflater::inflate(std::string message, std::size_t bytes_max) {
  if (!stream_) {
    auto stream = std::make_unique<z_stream>();
    check(inflateInit2(stream.get(), raw * window_bits_most) == Z_OK, "no memory to inflate");
    stream_.reset(stream.release());
  }
  message += left_out;
  stream_->next_in = as_zlib(message.data());
  stream_->avail_in = static_cast<uInt>(message.size());
  std::string out;
  auto done = run(out, bytes_max);
  if (!keep_context_) stream_.reset();
  TRY(std::move(done));
  return out;
}

Result<void> MessageInflater::run(std::string& out, std::size_t bytes_max) {
  for (;;) {
    std::size_t before = out.size();
    std::size_t step = std::min(std::max(step_bytes_least, before), bytes_max + 1 - before);
    out.resize(before + step);
    stream_->next_out = as_zlib(out.data() + before);
    stream_->avail_out = static_cast<uInt>(step);
    int status = ::inflate(stream_.get(), Z_SYNC_FLUSH);
    out.resize(out.size() - stream_->avail_out);
    if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
      return Error(Code::invalid, "a compressed message that is broken");
    }
    if (out.size() > bytes_max) {
      return Error(Code::overloaded, "a compressed message that is longer than " +
                                         std::to_string(bytes_max) + " bytes");
    }
    // A sender may end its stream with each message (RFC 7692 section 7.2.3.4).
    if (status == Z_STREAM_END) inflateReset(stream_.get());
    if (status == Z_BUF_ERROR || (stream_->avail_in == 0 && stream_->avail_out > 0)) return {};
  }
}

void MessageDeflater::End::operator()(z_stream_s* stream) const {
  deflateEnd(stream);
  delete stream;
}

MessageDeflater::MessageDeflater(bool keep_context, int window_bits)
    : keep_context_(keep_context), window_bits_(window_bits) {}
MessageDeflater::~MessageDeflater() = default;

std::string MessageDeflater::deflate(std::string_view message) {
  if (!stream_) {
    auto stream = std::make_unique<z_stream>();
    check(deflateInit2(stream.get(), Z_DEFAULT_COMPRESSION, Z_DEFLATED, raw * window_bits_,
                       memory_level, Z_DEFAULT_STRATEGY) == Z_OK,
          "no memory to deflate");
    stream_.reset(stream.release());
  }
  std::string out;
  stream_->next_in = as_zlib(message.data());
  stream_->avail_in = static_cast<uInt>(message.size());
  do {
    std::size_t before = out.size();
    std::size_t step = std::max(step_bytes_least, message.size() / 2);
    out.resize(before + step);
    stream_->next_out = as_zlib(out.data() + before);
    stream_->avail_out = static_cast<uInt>(step);
    ::deflate(stream_.get(), Z_SYNC_FLUSH);
    out.resize(out.size() - stream_->avail_out);
  } while (stream_->avail_out == 0);
  if (!keep_context_) stream_.reset();
  check(out.ends_with(left_out), "a deflate stream that does not end as flushed");
  out.resize(out.size() - left_out.size());
  return out;
}

}  // namespace berth::http
