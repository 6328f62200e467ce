#include "http/content_decoder.h"

#include <zlib.h>
#include <zstd.h>

#include <string>

#include "base/strings.h"

namespace berth::http {
namespace {

class GzipDecoder final : public ContentDecoder {
 public:
  explicit GzipDecoder(ExpansionLimit limit) : ContentDecoder(limit) {
    constexpr int window_of_32_kib = 15;
    constexpr int gzip_only = 16;
    check(inflateInit2(&stream_, window_of_32_kib + gzip_only) == Z_OK, "inflate has no memory");
  }
  GzipDecoder(const GzipDecoder&) = delete;
  ~GzipDecoder() override { inflateEnd(&stream_); }

 private:
  Result<Step> step(std::string_view in, char* out, std::size_t room) override {
    if (at_end_) inflateReset(&stream_);
    at_end_ = false;
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    int result = inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
      return Error(Code::invalid, std::string("content that is no gzip: ") +
                                      (stream_.msg ? stream_.msg : "out of memory"));
    }
    at_end_ = result == Z_STREAM_END;
    full_ = stream_.avail_out == 0 && !at_end_;
    return Step{in.size() - stream_.avail_in, room - stream_.avail_out};
  }
  bool holds_output() const override { return full_; }
  bool whole() const override { return at_end_; }
  std::string_view name() const override { return "gzip"; }

  z_stream stream_{};
  bool at_end_ = false;
  bool full_ = false;
};

class ZstdDecoder final : public ContentDecoder {
 public:
  explicit ZstdDecoder(ExpansionLimit limit) : ContentDecoder(limit), context_(ZSTD_createDCtx()) {
    check(context_, "zstd has no memory");
    constexpr int window_of_8_mib = 23;
    ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, window_of_8_mib);
  }
  ZstdDecoder(const ZstdDecoder&) = delete;
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

 private:
  Result<Step> step(std::string_view in, char* out, std::size_t room) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, room, 0};
    std::size_t left = ZSTD_decompressStream(context_, &output, &input);
    if (ZSTD_isError(left)) {
      return Error(Code::invalid,
                   std::string("content that is no zstd: ") + ZSTD_getErrorName(left));
    }
    at_end_ = left == 0;
    full_ = output.pos == room && !at_end_;
    return Step{input.pos, output.pos};
  }
  bool holds_output() const override { return full_; }
  bool whole() const override { return at_end_; }
  std::string_view name() const override { return "zstd"; }

  ZSTD_DCtx* context_;
  bool at_end_ = false;
  bool full_ = false;
};

}  // namespace

std::unique_ptr<ContentDecoder> ContentDecoder::make(std::string_view coding,
                                                     ExpansionLimit limit) {
  if (equal_ignoring_case(coding, "gzip") || equal_ignoring_case(coding, "x-gzip")) {
    return std::make_unique<GzipDecoder>(limit);
  }
  if (equal_ignoring_case(coding, "zstd")) return std::make_unique<ZstdDecoder>(limit);
  return nullptr;
}

void ContentDecoder::feed(Bytes bytes) { input_ = std::move(bytes); }

Result<Bytes> ContentDecoder::next() {
  while (!input_.empty() || holds_output()) {
    Block* block = Block::allocate(piece_bytes_max);
    Bytes piece(block, block->data(), piece_bytes_max);
    Step done = TRY(step(input_.view(), block->data(), piece_bytes_max));
    input_.remove_prefix(done.taken);
    taken_ += done.taken;
    given_ += done.given;
    if (given_ > limit_.free_bytes + taken_ * limit_.ratio_max) {
      return Error(Code::overloaded, "content of " + std::to_string(taken_) + " bytes in " +
                                         std::string(name()) + " that is more than " +
                                         std::to_string(given_) + " bytes long");
    }
    if (done.given > 0) return piece.slice(0, done.given);
    if (done.taken == 0 && !input_.empty()) {
      return Error(Code::invalid, "content in " + std::string(name()) + " that does not go on");
    }
    if (done.taken == 0) break;
  }
  return Bytes();
}

Result<void> ContentDecoder::end() const {
  if (taken_ == 0 || whole()) return {};
  return Error(Code::invalid, "content in " + std::string(name()) + " that ends in the middle");
}

}  // namespace berth::http
