#include "http/negotiation.h"

#include <gtest/gtest.h>

#include <string>

namespace berth::http {
namespace {

std::string chosen(std::string_view field, std::uint64_t size = 100) {
  auto range = choose_range(field, size);
  if (range.kind == RangeChoice::Kind::whole) return "whole";
  if (range.kind == RangeChoice::Kind::unsatisfiable) return "none";
  return std::to_string(range.first) + "+" + std::to_string(range.length);
}

std::string coding_for(std::string_view field) {
  Headers headers;
  headers.add_view("accept-encoding", field);
  constexpr std::string_view offered[] = {"zstd", "gzip"};
  return std::string(choose_coding(headers, offered));
}

TEST(ChooseCoding, is_by_weight_and_among_equals_by_the_servers_order) {
  EXPECT_EQ(coding_for("gzip"), "gzip");
  EXPECT_EQ(coding_for("gzip, deflate, br, zstd"), "zstd");
  EXPECT_EQ(coding_for("gzip;q=0.9, zstd;q=0.8"), "gzip");
  EXPECT_EQ(coding_for("GZIP ; Q=0.001"), "gzip");
  EXPECT_EQ(coding_for("zstd;q=0, *;q=0.5"), "gzip");
  EXPECT_EQ(coding_for("*"), "zstd");
  EXPECT_EQ(coding_for("zstd;q=0.000,gzip;q=0"), "");
  EXPECT_EQ(coding_for("br"), "");
  EXPECT_EQ(coding_for(""), "");
  EXPECT_EQ(coding_for("identity, gzip;q=0.5"), "");
  EXPECT_EQ(coding_for("identity;q=0.5, gzip"), "gzip");
  EXPECT_EQ(coding_for("gzip;q=1.5"), "gzip");  // no weight: counts as 1
  EXPECT_EQ(coding_for("gzip;q=x, zstd;q=0.9"), "gzip");
}

TEST(ChooseRange, takes_one_range_of_bytes_and_ignores_what_is_none) {
  EXPECT_EQ(chosen("bytes=0-9"), "0+10");
  EXPECT_EQ(chosen("bytes=90-"), "90+10");
  EXPECT_EQ(chosen("bytes=90-1000"), "90+10");
  EXPECT_EQ(chosen("bytes=-10"), "90+10");
  EXPECT_EQ(chosen("bytes=-1000"), "0+100");
  EXPECT_EQ(chosen("Bytes=99-99"), "99+1");
  for (auto field :
       {"", "bytes", "bytes=", "bytes=-", "lines=0-9", "bytes=9-0", "bytes=a-9", "bytes=0-1,5-6",
        "bytes=0x1-2", "bytes=+1-2", "bytes=1--2", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(chosen(field), "whole") << field;
  }
}

TEST(ChooseRange, what_lies_beyond_the_end_cannot_be_satisfied) {
  EXPECT_EQ(chosen("bytes=100-"), "none");
  EXPECT_EQ(chosen("bytes=100-200"), "none");
  EXPECT_EQ(chosen("bytes=-0"), "none");
  EXPECT_EQ(chosen("bytes=0-", 0), "none");
  EXPECT_EQ(chosen("bytes=-5", 0), "none");
}

TEST(AcceptsCoding, reads_names_and_weights) {
  auto accepts = [](std::string value, std::string_view coding) {
    Headers headers;
    headers.add("Accept-Encoding", std::move(value));
    return accepts_coding(headers, coding);
  };
  EXPECT_TRUE(accepts("gzip, br", "br"));
  EXPECT_TRUE(accepts("deflate;q=0.5 , GZIP ; q=0.1", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0, br;q=0.000", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0, br;q=0.000", "br"));
  EXPECT_FALSE(accepts("gzipped", "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
}

TEST(ListsEtag, compares_weakly_or_strongly) {
  Headers headers;
  headers.add("If-None-Match", "\"a\", W/\"b\"");
  EXPECT_TRUE(lists_etag(headers, "if-none-match", "\"a\""));
  EXPECT_TRUE(lists_etag(headers, "if-none-match", "\"b\""));
  EXPECT_FALSE(lists_etag(headers, "if-none-match", "\"b\"", true));
  EXPECT_FALSE(lists_etag(headers, "if-none-match", "\"c\""));
  EXPECT_FALSE(lists_etag(headers, "if-match", "\"a\""));
  headers.set("If-Match", "*");
  EXPECT_TRUE(lists_etag(headers, "if-match", "\"c\"", true));
}

}  // namespace
}  // namespace berth::http
