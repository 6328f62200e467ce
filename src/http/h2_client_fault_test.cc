#include <gtest/gtest.h>

#include "http/client.h"
#include "http/h2_peer_suite.h"
#include "http/read_away.h"
#include "http/simulated_web_suite.h"

// Servers that refuse, say goodbye, or break the protocol.
namespace berth::http {
namespace {

struct H2ClientFaultTest : SimulatedWeb {
  using Frame = H2Peer::Frame;
  ClientOptions options;
  std::unique_ptr<Client> made;
  std::unique_ptr<H2Peer> peer;

  H2ClientFaultTest() { options.version = Version::http_2; }

  void serve(H2Peer::Answer answer) {
    peer.reset();
    made.reset();
    simulation.run_for(1s);
    peer = std::make_unique<H2Peer>(there.network, there.address(81), std::move(answer));
  }
  Client& client() {
    if (!made) made = std::make_unique<Client>(here.clock, here.network, options);
    return *made;
  }
  Deferred<std::string> ask(Request request = {}, SendOptions send = {}) {
    auto url = parse_url("http://10.0.0.2:81/").value();
    return client().send(url, std::move(request), std::move(send)).then(text_of);
  }
  std::string told(Deferred<std::string> asking) {
    auto answer = run(std::move(asking));
    return answer.ok() ? *answer : answer.error().text();
  }
  /// What becomes of a request that is answered with these frames, from its stream's number.
  std::string told_of(const std::string& frames) {
    serve([frames](const Frame& frame) { return frame.begins_request() ? frames : ""; });
    return told(ask());
  }
};

bool ends_with(const std::string& text, std::string_view end) { return text.ends_with(end); }

TEST_F(H2ClientFaultTest, a_refused_stream_is_asked_for_again_whatever_its_method) {
  int refusals = 2;
  serve([&](const Frame& frame) -> std::string {
    if (!frame.begins_request() || frame.stream == 0) return "";
    if (refusals-- > 0) return H2Peer::reset(frame.stream, NGHTTP2_REFUSED_STREAM);
    return H2Peer::good(frame.stream, "at last");
  });
  Request post;
  post.method = "POST";
  post.body = Body("x");
  EXPECT_EQ(told(ask(std::move(post))), "at last");
  EXPECT_EQ(peer->of_type(NGHTTP2_HEADERS).size(), 3u);
  EXPECT_EQ(peer->connections, 1);
  refusals = 100;
  auto failed = run(ask());
  EXPECT_TRUE(failed.error().is(Code::refused));
  EXPECT_EQ(failed.error().text(),
            "GET http://10.0.0.2:81/: on a kept connection to 10.0.0.2:81, no answer: the peer "
            "refused the stream before it began with it");
  EXPECT_EQ(peer->of_type(NGHTTP2_HEADERS).size(), 7u);
}

TEST_F(H2ClientFaultTest, streams_beyond_a_goaway_go_by_a_new_connection_and_others_end_well) {
  std::uint32_t first = 0;
  serve([&](const Frame& frame) -> std::string {
    if (!frame.begins_request()) return "";
    if (frame.connection == 2) return H2Peer::good(frame.stream, "by another");
    if (first == 0) {
      first = frame.stream;
      return "";
    }
    // The second is not taken any more; the first is still answered.
    return H2Peer::goaway(first, NGHTTP2_NO_ERROR) + H2Peer::good(first, "by the first");
  });
  Request post;
  post.method = "POST";
  auto one = ask();
  auto two = ask(std::move(post));
  EXPECT_EQ(told(std::move(one)), "by the first");
  EXPECT_EQ(told(std::move(two)), "by another");
  EXPECT_EQ(told(ask()), "by another");
  EXPECT_EQ(peer->connections, 2);
  EXPECT_EQ(client().busy(), 0u);
  EXPECT_EQ(client().idle(), 1u);
}

TEST_F(H2ClientFaultTest, a_goodbye_with_a_reason_is_told) {
  serve([&](const Frame& frame) -> std::string {
    if (!frame.begins_request()) return "";
    return H2Peer::goaway(frame.stream, NGHTTP2_ENHANCE_YOUR_CALM, "too\nmany");
  });
  Request post;
  post.method = "POST";
  auto asking = ask(std::move(post));
  simulation.run_for(1s);
  peer.reset();
  std::string text = told(std::move(asking));
  EXPECT_TRUE(ends_with(text,
                        ", no answer: the peer ended the connection: ENHANCE_YOUR_CALM "
                        "(too?many)"))
      << text;
}

TEST_F(H2ClientFaultTest, heads_of_1xx_are_passed_over_unless_there_is_no_end_to_them) {
  std::string early = h2_frame(NGHTTP2_HEADERS, 4, 1, std::string("\x08\x03") + "103");
  EXPECT_EQ(told_of(early + early + H2Peer::good(1, "final")), "final");
  std::string endless;
  for (int i = 0; i < 100; ++i) endless += early;
  EXPECT_TRUE(ends_with(told_of(endless), ", no answer: more than 16 heads of 1xx and no answer"));
}

TEST_F(H2ClientFaultTest, what_the_peer_resets_or_ends_too_early_is_told_by_its_reason) {
  EXPECT_TRUE(ends_with(told_of(H2Peer::reset(1, NGHTTP2_INTERNAL_ERROR)),
                        ", no answer: the peer reset the stream: INTERNAL_ERROR"));
  EXPECT_TRUE(ends_with(told_of(H2Peer::reset(1, NGHTTP2_HTTP_1_1_REQUIRED)),
                        ", no answer: the peer wants HTTP/1.1 for this request"));
  std::string head = h2_frame(NGHTTP2_HEADERS, 4, 1, "\x88");
  std::string part = head + h2_frame(NGHTTP2_DATA, 0, 1, "part");
  EXPECT_EQ(told_of(part + H2Peer::reset(1, NGHTTP2_CANCEL)), "the peer reset the stream: CANCEL");
  std::string whole = head + h2_frame(NGHTTP2_DATA, 1, 1, "whole");
  EXPECT_EQ(told_of(whole + H2Peer::reset(1, NGHTTP2_NO_ERROR)), "whole");
}

TEST_F(H2ClientFaultTest, an_answer_that_breaks_the_rules_fails_and_others_go_on) {
  std::string good = H2Peer::good(1, "good");
  std::string no_status = h2_frame(NGHTTP2_HEADERS, 5, 1, std::string("\0\1a\1b", 5));
  std::string large_letter = h2_frame(NGHTTP2_HEADERS, 5, 1, std::string("\x88\0\1A\1b", 6));
  std::string wrong_length =
      h2_frame(NGHTTP2_HEADERS, 4, 1, std::string("\x88\x0f\x0d\x01") + "3") +
      h2_frame(NGHTTP2_DATA, 1, 1, "four");
  std::string switching = h2_frame(NGHTTP2_HEADERS, 4, 1, std::string("\x08\x03") + "101");
  for (auto& wrong : {no_status, large_letter, wrong_length, switching}) {
    serve([&](const Frame& frame) {
      if (!frame.begins_request()) return std::string();
      return frame.stream == 1 ? wrong : H2Peer::good(frame.stream, "good");
    });
    auto failed = run(ask());
    ASSERT_FALSE(failed.ok());
    EXPECT_TRUE(failed.error().is(Code::invalid)) << failed.error().text();
    EXPECT_EQ(told(ask()), "good");
    EXPECT_EQ(peer->connections, 1);
  }
}

TEST_F(H2ClientFaultTest, heads_and_trailers_beyond_the_limits_are_refused) {
  // A value of 1000 bytes: 127 and 873 more (RFC 7541 section 5.1).
  std::string field = std::string("\0\1a\x7f\xe9\x06", 6) + std::string(1000, 'x');
  std::string name = std::string("\0\1a\1b", 5);
  auto head_of = [&](const std::string& block, int flags) {
    std::string out;
    for (std::size_t at = 0; at < block.size(); at += 16'000) {
      bool last = at + 16'000 >= block.size();
      out += h2_frame(at == 0 ? NGHTTP2_HEADERS : NGHTTP2_CONTINUATION,
                      (at == 0 ? flags : 0) | (last ? 4 : 0), 1, block.substr(at, 16'000));
    }
    return out;
  };
  auto many = [](const std::string& what, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += what;
    return out;
  };
  EXPECT_EQ(told_of(head_of("\x88" + many(name, 100), 1)), "");
  for (auto& block : {many(name, 101), many(field, 40)}) {
    auto text = told_of(head_of("\x88" + block, 1));
    EXPECT_TRUE(text.find("the head is longer than 32768 bytes, has more than 100") != text.npos)
        << text;
    std::string head = h2_frame(NGHTTP2_HEADERS, 4, 1, "\x88");
    text = told_of(head + head_of(block, 1));
    EXPECT_TRUE(text.find("the answer's trailers are longer than 32768 bytes") != text.npos)
        << text;
  }
}

TEST_F(H2ClientFaultTest, faults_of_the_protocol_end_the_connection_with_a_reason) {
  auto wrong = [&](const std::string& frames) {
    auto text = told_of(frames);
    simulation.run_for(1s);
    EXPECT_EQ(peer->of_type(NGHTTP2_GOAWAY).size(), 1u);
    return text;
  };
  for (auto& frames : {h2_frame(NGHTTP2_DATA, 0, 0, "x"), h2_frame(NGHTTP2_HEADERS, 5, 2, "\x88"),
                       h2_frame(NGHTTP2_SETTINGS, 0, 0, "12345"),
                       h2_frame(NGHTTP2_HEADERS, 5, 1, "\xff\xff\xff\xff\xff\xff"),
                       h2_frame(NGHTTP2_PUSH_PROMISE, 4, 1, H2Peer::number(2) + "\x82\x84\x86"),
                       h2_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, H2Peer::number(0))}) {
    auto text = wrong(frames);
    EXPECT_TRUE(text.find(", no answer: the answer breaks HTTP/2: ") != text.npos) << text;
  }
}

TEST_F(H2ClientFaultTest, floods_end_the_connection) {
  std::string pings;
  for (int i = 0; i < 100'000; ++i) pings += h2_frame(NGHTTP2_PING, 0, 0, "12345678");
  auto text = told_of(pings);
  EXPECT_TRUE(ends_with(text, "more SETTINGS, PING or CONTINUATION than allowed")) << text;
  std::string many = h2_frame(NGHTTP2_HEADERS, 0, 1, "\x88");
  for (int i = 0; i < 1000; ++i) many += h2_frame(NGHTTP2_CONTINUATION, 0, 1, "");
  text = told_of(many);
  EXPECT_TRUE(ends_with(text, "more SETTINGS, PING or CONTINUATION than allowed")) << text;
}

TEST_F(H2ClientFaultTest, a_server_of_1_1_is_told_as_such) {
  auto url = parse_url("http://10.0.0.2:81/").value();
  auto listener = there.network.listen(there.address(81)).value();
  auto serving = berth::serve(*listener, [](std::unique_ptr<ByteStream> stream) -> Deferred<void> {
    co_await stream->write(Bytes::literal("HTTP/1.1 400 Bad Request\r\n\r\n"));
    co_await read_away(*stream);
  });
  auto failed = run(client().send(url, Request()));
  EXPECT_TRUE(failed.error().is(Code::unsupported));
  EXPECT_TRUE(ends_with(failed.error().text(),
                        ", no answer: the peer speaks HTTP/1.1, HTTP/2 was asked for"))
      << failed.error().text();
}

TEST_F(H2ClientFaultTest, a_cut_at_every_byte_ends_the_request_and_nothing_hangs) {
  std::string trailers = h2_frame(NGHTTP2_HEADERS, 5, 1, std::string("\0\1t\1v", 5));
  std::string all = h2_frame(NGHTTP2_HEADERS, 4, 1, std::string("\x08\x03") + "103") +
                    h2_frame(NGHTTP2_HEADERS, 0, 1, "\x88") +
                    h2_frame(NGHTTP2_CONTINUATION, 4, 1, std::string("\0\1a\1b", 5)) +
                    h2_frame(NGHTTP2_PING, 0, 0, "12345678") +
                    h2_frame(NGHTTP2_DATA, 0, 1, std::string(300, 'x')) +
                    h2_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, H2Peer::number(9)) +
                    h2_frame(NGHTTP2_DATA, 0, 1, "end") + trailers;
  std::string wanted = std::string(300, 'x') + "end";
  options.h2.ping_after = 1s;
  for (bool resets : {false, true}) {
    int good = 0;
    for (std::size_t bytes = 1; good < 2; ++bytes) {
      serve([&](const Frame& frame) { return frame.begins_request() ? all : std::string(); });
      peer->bytes_max = bytes;
      peer->resets = resets;
      Request post;  // which is not sent again
      post.method = "POST";
      auto answer = run(ask(std::move(post)));
      if (answer.ok()) {
        EXPECT_EQ(*answer, wanted) << bytes;
        ++good;
      }
      ASSERT_EQ(client().busy(), 0u) << bytes;
      ASSERT_LT(bytes, all.size() + 100) << answer.error().text();
    }
  }
}

}  // namespace
}  // namespace berth::http
