#include "http/h1_parser.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "http/h1_scan.h"

namespace berth::http {
namespace {

Result<RequestHead> parse(std::string_view text) { return parse_request(Bytes::copy(text)); }

TEST(HttpParser, reads_a_request) {
  auto head = parse("POST /a/b?x=1 HTTP/1.1\r\nHost: h:80\r\nContent-Length: 5\r\nX:  y \r\n\r\n");
  ASSERT_TRUE(head.ok());
  EXPECT_EQ(head->method, "POST");
  EXPECT_EQ(head->path(), "/a/b");
  EXPECT_EQ(head->query(), "x=1");
  EXPECT_EQ(head->host(), "h");
  EXPECT_EQ(head->headers.value("x"), "y");
  EXPECT_EQ(head->framing.length, 5u);
  EXPECT_TRUE(head->keep_alive);
}

TEST(HttpParser, refuses_what_two_readers_could_understand_differently) {
  const char* heads[] = {
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n",
      "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\n\r\n",
      "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET a HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/2.0\r\nHost: a\r\n\r\n",
      "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\n: empty\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: x, Content-Length\r\nContent-Length: 1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: host\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [a/b]\r\n\r\n",
      "GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n",
      "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n",
  };
  for (auto* head : heads) EXPECT_FALSE(parse(head).ok()) << head;
  EXPECT_FALSE(parse({"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 34}).ok());
}

TEST(HttpParser, takes_every_form_of_a_host) {
  for (auto* host : {"a", "a:80", "a.b-c_d~e", "127.0.0.1:1", "[::1]", "[::1]:80", "", "a:"}) {
    std::string head = std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n";
    EXPECT_TRUE(parse(head).ok()) << host;
  }
}

/// Each byte at each place of a line that is longer than two steps of sixteen, against the table.
void compare_with_table(const char* (*end_of)(const char*, const char*),
                        const std::array<bool, 256>& table, char fits) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t size = 0; size < 40; ++size) {
      std::string text(size, fits);
      for (std::size_t place = 0; place < size; ++place) {
        text[place] = static_cast<char>(byte);
        std::size_t wanted = table[static_cast<std::size_t>(byte)] ? size : place;
        ASSERT_EQ(end_of(text.data(), text.data() + size) - text.data(), wanted) << byte;
        text[place] = fits;
      }
    }
  }
}

TEST(HttpScan, sixteen_bytes_at_a_time_find_what_the_tables_find) {
  compare_with_table(scan::token_end, scan::detail::token, 'x');
  compare_with_table(scan::token_end, scan::detail::token, '!');
  compare_with_table(scan::value_end, scan::detail::value, 'x');
  compare_with_table(scan::target_end, scan::detail::target, 'x');
}

TEST(HttpScan, finds_each_end_of_a_head_at_each_place) {
  for (std::string_view end : {"\r\n\r\n", "\n\n", "\n\r\n"}) {
    for (std::size_t before = 0; before < 40; ++before) {
      std::string text = std::string(before, 'x') + std::string(end) + "\r\r\nx\n\r";
      const char* last = scan::head_last(text.data(), text.data() + text.size());
      EXPECT_EQ(last - text.data(), before + end.size() - 1) << before;
      std::size_t cut = before + end.size() - 1;
      EXPECT_EQ(scan::head_last(text.data(), text.data() + cut), text.data() + cut) << before;
    }
  }
}

TEST(HttpParser, finds_a_heads_end_however_it_is_cut) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    HeadFinder finder;
    std::size_t found = finder.find(std::string_view(text).substr(0, cut));
    if (found == 0) found = finder.find(text);
    EXPECT_EQ(found, text.size() - 4) << cut;
  }
}

TEST(HttpParser, follows_chunks_however_they_are_cut) {
  std::string text = "4;a=b\r\nWiki\r\n5\r\npedia\r\n0\r\nX: y\r\n\r\nGET";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    BodyScanner scanner({Framing::Kind::chunked, 0});
    std::string content;
    std::string first = text.substr(0, cut);
    auto a =
        scanner.scan(first, [&](std::size_t at, std::size_t n) { content += first.substr(at, n); });
    ASSERT_TRUE(a.ok());
    std::string second = text.substr(*a);
    auto b = scanner.scan(second,
                          [&](std::size_t at, std::size_t n) { content += second.substr(at, n); });
    ASSERT_TRUE(b.ok());
    EXPECT_TRUE(scanner.done());
    EXPECT_EQ(content, "Wikipedia");
    EXPECT_EQ(*a + *b, text.size() - 3);
  }
}

TEST(HttpParser, refuses_broken_chunks) {
  for (auto* text : {"x\r\n", "-1\r\n", "4\nWiki", "4\r\nWikis\r\n", "0x4\r\n",
                     "11111111111111111\r\n", "4 \r\n", "4;\r\n", "4;a \r\n", "4;a=\r\n",
                     "4;a=\"b\r\n", "4;a b\r\n", "4;a;\r\n", "4;a\rb\r\n"}) {
    BodyScanner scanner({Framing::Kind::chunked, 0});
    EXPECT_FALSE(scanner.scan(text, [](std::size_t, std::size_t) {}).ok()) << text;
  }
}

TEST(HttpParser, passes_over_the_extensions_of_a_chunk) {
  for (auto* text : {"4;a\r\n", "4;a=b\r\n", "4 ; a = b;c\r\n", "4;a=\"b; \\\"c\"\r\n"}) {
    BodyScanner scanner({Framing::Kind::chunked, 0});
    EXPECT_TRUE(scanner.scan(text, [](std::size_t, std::size_t) {}).ok()) << text;
  }
}

TEST(HttpParser, knows_where_an_answers_body_ends) {
  auto framing = [](std::string_view text, std::string_view method) {
    return parse_response(Bytes::copy(text), method).value().framing.kind;
  };
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\n\r\n", "GET"), Framing::Kind::until_close);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", "HEAD"), Framing::Kind::none);
  EXPECT_EQ(framing("HTTP/1.1 304\r\nContent-Length: 3\r\n\r\n", "GET"), Framing::Kind::none);
  EXPECT_EQ(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "GET"),
            Framing::Kind::chunked);
  EXPECT_FALSE(
      parse_response(Bytes::copy("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), "GET")
          .ok());
}

}  // namespace
}  // namespace berth::http
