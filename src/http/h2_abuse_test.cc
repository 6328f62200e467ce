#include "async/shield.h"
#include "http/h2_server_suite.h"

// Peers that break the protocol or do too much of what it allows (RFC 9113 section 10.5).
namespace berth::http {
namespace {

struct H2AbuseTest : H2ServerTest {
  /// What a client sends before its first request.
  static std::string begin() { return std::string(h2_preface) + h2_frame(4, 0, 0, ""); }
  /// A request in HPACK: GET http / of the authority "a" (RFC 7541 appendix A).
  static std::string get(std::uint32_t stream, int flags = 5) {
    return h2_frame(1, flags, stream,
                    "\x82\x84\x86\x01\x01"
                    "a");
  }
  /// The error code of the GOAWAY that ends the answer to `bytes`; -1: there was none.
  int goaway_after(const std::string& bytes) {
    auto stream = connect();
    auto writing = stream->write(Bytes::copy(bytes));
    std::string all;
    for (;;) {
      auto part = simulation.run(stream->read());
      if (!part.ok() || part->empty()) break;
      all += part->view();
    }
    stream->close();
    std::ignore = simulation.run(std::move(writing));
    EXPECT_TRUE(until([&] { return server->connections() == 0; }));
    int code = -1;
    for (std::size_t at = 0; at + 9 <= all.size();) {
      auto byte = [&](std::size_t i) { return static_cast<unsigned char>(all[at + i]); };
      std::size_t size = static_cast<std::size_t>(byte(0) << 16 | byte(1) << 8 | byte(2));
      if (byte(3) == NGHTTP2_GOAWAY && at + 9 + size <= all.size()) code = byte(16);
      at += 9 + size;
    }
    return code;
  }
};

TEST_F(H2AbuseTest, streams_that_are_opened_and_reset_at_once_end_the_connection) {
  int running = 0;
  int most = 0;
  auto wait = [](ServerRequest&, auto& clock, int& running, int& most) -> Deferred<ServerResponse> {
    most = std::max(most, ++running);
    std::ignore = co_await clock.after(1h).result();
    --running;
    co_return Error::cancelled();
  };
  handler = with(wait, here.clock, running, most);
  std::string bytes = begin();
  for (std::uint32_t i = 0; i < 2000; ++i) {
    bytes += get(2 * i + 1) + h2_frame(3, 0, 2 * i + 1, std::string("\0\0\0\x8", 4));
  }
  EXPECT_EQ(goaway_after(bytes), NGHTTP2_ENHANCE_YOUR_CALM);
  EXPECT_LE(most, 100);
  EXPECT_EQ(running, 0);
}

TEST_F(H2AbuseTest, floods_of_frames_that_cost_nothing_end_the_connection) {
  std::string ping = h2_frame(6, 0, 0, "12345678");
  std::string settings = h2_frame(4, 0, 0, std::string("\0\3\0\0\0\x64", 6));
  std::string priority = h2_frame(2, 0, 1, std::string("\0\0\0\0\x10", 5));
  std::string empty = h2_frame(0, 0, 1, "");
  for (auto& frame : {ping, settings, priority, empty}) {
    std::string bytes = begin() + get(1, 4);
    for (int i = 0; i < 1000; ++i) bytes += frame;
    EXPECT_EQ(goaway_after(bytes), NGHTTP2_ENHANCE_YOUR_CALM) << static_cast<int>(frame[3]);
  }
}

TEST_F(H2AbuseTest, a_head_in_too_many_continuations_ends_the_connection) {
  std::string few = begin() + h2_frame(1, 1, 1,
                                       "\x82\x84\x86\x01\x01"
                                       "a");
  for (int i = 0; i < 7; ++i) few += h2_frame(9, 0, 1, "");
  few += h2_frame(9, 4, 1, "") + h2_frame(0, 0, 0, "");  // and then something wrong
  EXPECT_EQ(goaway_after(few), NGHTTP2_PROTOCOL_ERROR);
  std::string many = begin() + h2_frame(1, 1, 1,
                                        "\x82\x84\x86\x01\x01"
                                        "a");
  for (int i = 0; i < 1000; ++i) many += h2_frame(9, 0, 1, "");
  EXPECT_NE(goaway_after(many), -1);
}

TEST_F(H2AbuseTest, faults_of_the_protocol_are_told_by_their_code) {
  EXPECT_EQ(goaway_after(std::string(h2_preface) + get(1)), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(goaway_after(begin() + get(2)), NGHTTP2_PROTOCOL_ERROR);
  EXPECT_EQ(goaway_after(begin() + h2_frame(4, 0, 0, "12345")), NGHTTP2_FRAME_SIZE_ERROR);
  EXPECT_EQ(goaway_after(begin() + h2_frame(1, 5, 1, "\xff\xff\xff\xff\xff\xff")),
            NGHTTP2_COMPRESSION_ERROR);
  EXPECT_EQ(goaway_after(begin() + h2_frame(0, 0, 0, "x")), NGHTTP2_PROTOCOL_ERROR);
}

TEST_F(H2AbuseTest, one_who_opens_more_streams_than_allowed_is_refused_them) {
  options.h2.streams_max = 3;
  int running = 0;
  auto wait = [](ServerRequest&, auto& clock, int& running) -> Deferred<ServerResponse> {
    ++running;
    co_await clock.after(1h);
    co_return ServerResponse();
  };
  handler = with(wait, here.clock, running);
  auto stream = connect();
  std::string bytes = begin();
  for (std::uint32_t i = 0; i < 10; ++i) bytes += get(2 * i + 1);
  EXPECT_TRUE(simulation.run(stream->write(Bytes::copy(bytes))).ok());
  simulation.run_for(1s);
  EXPECT_EQ(running, 3);
}

TEST_F(H2AbuseTest, handlers_that_a_reset_does_not_end_count_as_streams) {
  options.h2.streams_max = 3;
  int running = 0;
  auto wait = [](ServerRequest&, auto& clock, int& running) -> Deferred<ServerResponse> {
    ++running;
    co_await shielded(clock.after(1h));
    co_return ServerResponse();
  };
  handler = with(wait, here.clock, running);
  auto stream = connect();
  std::string bytes = begin();
  for (std::uint32_t i = 0; i < 10; ++i) {
    bytes += get(2 * i + 1) + h2_frame(3, 0, 2 * i + 1, std::string("\0\0\0\x8", 4));
  }
  EXPECT_TRUE(simulation.run(stream->write(Bytes::copy(bytes))).ok());
  simulation.run_for(1s);
  EXPECT_EQ(running, 3);
  stream->close();
  EXPECT_TRUE(until([&] { return server->connections() == 0; }, 2h));
}

TEST_F(H2AbuseTest, who_does_not_read_its_answers_to_pings_is_disconnected) {
  auto stream = connect();
  std::string pings;
  for (int i = 0; i < 400; ++i) pings += h2_frame(6, 0, 0, "12345678");
  EXPECT_TRUE(simulation.run(stream->write(Bytes::copy(begin()))).ok());
  for (int i = 0; i < 1000; ++i) {
    auto written = simulation.run(with_timeout(there.clock, 5s, stream->write(Bytes::copy(pings))));
    if (!written.ok()) break;
    simulation.run_for(10s);
  }
  EXPECT_TRUE(until([&] { return server->connections() == 0; }));
}

TEST_F(H2AbuseTest, bytes_that_never_make_a_frame_are_silence) {
  auto stream = connect();
  EXPECT_TRUE(simulation.run(stream->write(Bytes::copy(begin() + get(1)))).ok());
  std::string head = h2_frame(1, 5, 3, std::string(1000, 'x'));
  auto begun = simulation.now();
  for (std::size_t i = 0; i < 20 && server->connections() > 0; ++i) {
    std::ignore = simulation.run(stream->write(Bytes::copy(head.substr(i, 1)))).ok();
    simulation.run_for(10s);
  }
  EXPECT_EQ(server->connections(), 0u);
  EXPECT_LT(simulation.now() - begun, 3min);
}

TEST_F(H2AbuseTest, a_cut_at_every_byte_ends_the_connection_and_its_handlers) {
  handler = echo;
  std::string body = h2_frame(0, 0, 3, std::string(300, 'x')) + h2_frame(0, 1, 3, "end");
  std::string bytes = begin() + get(1) + h2_frame(1, 0, 3, "\x83\x84") +
                      h2_frame(9, 4, 3,
                               "\x86\x01\x01"
                               "a") +
                      body + h2_frame(6, 0, 0, "12345678") +
                      h2_frame(8, 0, 0, std::string("\0\0\1\0", 4)) + get(5) +
                      h2_frame(3, 0, 5, std::string("\0\0\0\x8", 4));
  for (bool reset : {false, true}) {
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
      auto stream = connect();
      ASSERT_TRUE(simulation.run(stream->write(Bytes::copy(bytes.substr(0, size)))).ok());
      simulation.run_for(10ms);
      reset ? stream->abort() : stream->close();
      ASSERT_TRUE(until([&] { return server->connections() == 0; })) << size;
    }
  }
}

}  // namespace
}  // namespace berth::http
