#include "http/content_decoder.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

namespace berth::http {
namespace {

std::string gzip(std::string_view text) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

Result<std::string> decode(std::string_view coding, std::string_view coded, std::size_t piece,
                           ExpansionLimit limit = {}) {
  auto decoder = ContentDecoder::make(coding, limit);
  std::string all;
  for (std::size_t at = 0; at < coded.size(); at += piece) {
    decoder->feed(Bytes::copy(coded.substr(at, piece)));
    for (;;) {
      Bytes part = TRY(decoder->next());
      if (part.empty()) break;
      all += part.view();
    }
  }
  TRY(decoder->end());
  return all;
}

std::string sample(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += "line " + std::to_string(i * i) + "\n";
  text.resize(size);
  return text;
}

TEST(ContentDecoder, gives_back_what_was_coded_however_it_comes_in_pieces) {
  for (std::size_t size : {0, 1, 1000, 65536, 300'000}) {
    std::string text = sample(size);
    for (std::size_t piece : {1, 7, 1000, 1 << 20}) {
      EXPECT_EQ(decode("gzip", gzip(text), piece).value(), text);
      EXPECT_EQ(decode("X-GZIP", gzip(text), piece).value(), text);
      EXPECT_EQ(decode("zstd", zstd(text), piece).value(), text);
    }
  }
}

TEST(ContentDecoder, reads_several_members_and_frames) {
  EXPECT_EQ(decode("gzip", gzip("one ") + gzip("") + gzip("two"), 3).value(), "one two");
  EXPECT_EQ(decode("zstd", zstd("one ") + zstd("") + zstd("two"), 3).value(), "one two");
}

TEST(ContentDecoder, refuses_what_is_broken_cut_or_followed_by_something_else) {
  std::string text = sample(5000);
  for (std::string coding : {"gzip", "zstd"}) {
    std::string coded = coding == "gzip" ? gzip(text) : zstd(text);
    for (std::size_t cut = 1; cut < coded.size(); cut += 97) {
      EXPECT_FALSE(decode(coding, coded.substr(0, cut), 1000).ok()) << coding << " " << cut;
    }
    EXPECT_FALSE(decode(coding, coded + "rest", 1000).ok()) << coding;
    EXPECT_FALSE(decode(coding, "no such thing", 1000).ok()) << coding;
  }
  std::string damaged = gzip(text);
  damaged[damaged.size() - 6] ^= 1;  // its checksum
  EXPECT_TRUE(decode("gzip", damaged, 1000).error().is(Code::invalid));
}

TEST(ContentDecoder, stops_a_bomb_early) {
  std::string zeros(64 << 20, '\0');
  for (std::string coding : {"gzip", "zstd"}) {
    auto bomb = decode(coding, coding == "gzip" ? gzip(zeros) : zstd(zeros), 1 << 20);
    ASSERT_FALSE(bomb.ok());
    EXPECT_TRUE(bomb.error().is(Code::overloaded)) << bomb.error().text();
  }
  EXPECT_EQ(decode("gzip", gzip(zeros), 1 << 20, {2000, 0})->size(), zeros.size());
}

TEST(ContentDecoder, refuses_a_zstd_window_of_more_than_8_mib) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 24);
  std::string text = sample(20 << 20);
  std::string coded(ZSTD_compressBound(text.size()), '\0');
  coded.resize(ZSTD_compress2(context, coded.data(), coded.size(), text.data(), text.size()));
  ZSTD_freeCCtx(context);
  EXPECT_TRUE(decode("zstd", coded, 1 << 20).error().is(Code::invalid));
}

TEST(ContentDecoder, empty_content_is_fine_and_other_codings_are_not_known) {
  EXPECT_EQ(decode("gzip", "", 1).value(), "");
  EXPECT_EQ(ContentDecoder::make("br"), nullptr);
  EXPECT_EQ(ContentDecoder::make("identity"), nullptr);
}

}  // namespace
}  // namespace berth::http
