#include "http/content_encoder.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"

namespace berth::http {
namespace {

class GzipEncoder final : public ContentEncoder {
 public:
  explicit GzipEncoder(int level) {
    constexpr int window_of_32_kib = 15;
    constexpr int gzip = 16;
    constexpr int memory = 8;
    check(deflateInit2(&stream_, level, Z_DEFLATED, window_of_32_kib + gzip, memory,
                       Z_DEFAULT_STRATEGY) == Z_OK,
          "deflate has no memory");
  }
  GzipEncoder(const GzipEncoder&) = delete;
  ~GzipEncoder() override { deflateEnd(&stream_); }

 private:
  Step step(std::string_view in, char* out, std::size_t room, Then then) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = static_cast<uInt>(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(room);
    int flush = then == Then::more ? Z_NO_FLUSH : then == Then::flush ? Z_SYNC_FLUSH : Z_FINISH;
    int result = deflate(&stream_, flush);
    // Room that is left says that nothing is held back which was asked for.
    bool done =
        then == Then::end ? result == Z_STREAM_END : stream_.avail_in == 0 && stream_.avail_out > 0;
    return {in.size() - stream_.avail_in, room - stream_.avail_out, done};
  }

  z_stream stream_{};
};

class ZstdEncoder final : public ContentEncoder {
 public:
  explicit ZstdEncoder(int level) : context_(ZSTD_createCCtx()) {
    check(context_, "zstd has no memory");
    constexpr int window_of_512_kib = 19;  // each answer under way has one
    ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, window_of_512_kib);
  }
  ZstdEncoder(const ZstdEncoder&) = delete;
  ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }

 private:
  Step step(std::string_view in, char* out, std::size_t room, Then then) override {
    ZSTD_inBuffer input{in.data(), in.size(), 0};
    ZSTD_outBuffer output{out, room, 0};
    auto directive = then == Then::more    ? ZSTD_e_continue
                     : then == Then::flush ? ZSTD_e_flush
                                           : ZSTD_e_end;
    std::size_t left = ZSTD_compressStream2(context_, &output, &input, directive);
    check(!ZSTD_isError(left), "zstd cannot encode");
    bool done = input.pos == in.size() && (then == Then::more || left == 0);
    return {input.pos, output.pos, done};
  }

  ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<ContentEncoder> ContentEncoder::make(std::string_view coding, Levels levels) {
  if (coding == "gzip") return std::make_unique<GzipEncoder>(levels.gzip);
  if (coding == "zstd") return std::make_unique<ZstdEncoder>(levels.zstd);
  return nullptr;
}

Bytes ContentEncoder::encode(std::string_view in, Then then) {
  std::string out;
  for (;;) {
    std::size_t before = out.size();
    std::size_t room = std::max<std::size_t>(512, in.size() / 2 + 64);
    Step done;
    out.resize_and_overwrite(before + room, [&](char* memory, std::size_t) {
      done = step(in, memory + before, room, then);
      return before + done.given;
    });
    in.remove_prefix(done.taken);
    if (done.done) return out.empty() ? Bytes() : Bytes::copy(out);
  }
}

}  // namespace berth::http
