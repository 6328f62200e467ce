#include "tls/stream.h"

#include "tls/pair_suite.h"

namespace berth::tls {
namespace {

/// Passes everything on, and notes how much goes by.
class Counting final : public ByteStream {
 public:
  Counting(StreamPointer below, std::size_t& writes, std::size_t& bytes)
      : below_(std::move(below)), writes_(writes), bytes_(bytes) {}
  Deferred<Bytes> read(std::size_t bytes_max) override { return below_->read(bytes_max); }
  Deferred<void> write(BytesList bytes) override {
    ++writes_;
    bytes_ += bytes.size();
    return below_->write(std::move(bytes));
  }
  Deferred<void> shutdown_write() override { return below_->shutdown_write(); }
  void close() override { below_->close(); }
  void abort() override { below_->abort(); }
  Address local_address() const override { return below_->local_address(); }
  Address peer_address() const override { return below_->peer_address(); }
  bool broken() const override { return below_->broken(); }

 private:
  StreamPointer below_;
  std::size_t& writes_;
  std::size_t& bytes_;
};

struct StreamTest : PairTest {
  Deferred<std::string> read_to_end(ByteStream& stream) {
    std::string all;
    for (;;) {
      Bytes part = co_await stream.read();
      if (part.empty()) co_return all;
      all += part.view();
    }
  }
};

TEST_F(StreamTest, each_half_ends_in_order_and_the_other_goes_on) {
  for (auto version : {Version::tls1_2, Version::tls1_3}) {
    server_options.version_max = version;
    auto both = shake();
    ByteStream& client = **both.client;
    ByteStream& server = **both.server;
    EXPECT_EQ(pass(client, server, "question"), "question");
    run(client.shutdown_write()).value();
    EXPECT_TRUE(run(server.read()).value().empty());
    EXPECT_TRUE(run(server.read()).value().empty());
    EXPECT_EQ(pass(server, client, "a late answer"), "a late answer");
    EXPECT_TRUE(run(client.write(Bytes::literal("x"))).error().is(Code::closed));
    EXPECT_TRUE(run(client.shutdown_write()).error().is(Code::closed));
    run(server.shutdown_write()).value();
    EXPECT_TRUE(run(client.read()).value().empty());
  }
}

TEST_F(StreamTest, a_connection_that_ends_without_close_notify_is_a_reset_not_an_end) {
  Raw raw = connect();
  ByteStream* below = raw.client.get();
  auto both = shake(server_context(), client_context(), host, std::move(raw));
  EXPECT_EQ(pass(**both.client, **both.server, "first part"), "first part");
  run(below->shutdown_write()).value();  // as somebody on the way would
  auto end = run((*both.server)->read());
  ASSERT_FALSE(end.ok());
  EXPECT_TRUE(end.error().is(Code::reset));
  EXPECT_TRUE(has(end.error().text(), "without the end of TLS")) << end.error().text();
  EXPECT_TRUE(run((*both.server)->read()).error().is(Code::reset));  // and stays one
  EXPECT_TRUE((*both.server)->broken());
}

TEST_F(StreamTest, closing_and_destroying_are_orderly_ends_and_abort_is_a_reset) {
  for (int how = 0; how < 3; ++how) {
    auto both = shake();
    EXPECT_EQ(pass(**both.server, **both.client, "x"), "x");
    run((*both.client)->write(Bytes::literal("last words"))).value();
    if (how == 0) (*both.client)->close();
    if (how == 1) both.client->reset();
    if (how == 2) (*both.client)->abort();
    auto got = run(read_to_end(**both.server));
    if (how < 2) {
      EXPECT_EQ(got.value(), "last words");
    } else {
      EXPECT_TRUE(got.error().is(Code::reset));
    }
  }
}

TEST_F(StreamTest, what_was_cut_does_not_look_like_an_end) {
  auto both = shake();
  Deferred<void> writing;
  do {  // until a write waits
    writing = (*both.client)->write(Bytes::copy(std::string(300'000, 'x')));
    simulation.run_for(1s);
  } while (!writing.pending() && writing.take().ok());
  writing.cancel();
  EXPECT_TRUE(run(std::move(writing)).error().is(Code::cancelled));
  EXPECT_TRUE(run((*both.client)->write(Bytes::literal("x"))).error().is(Code::closed));
  (*both.client)->close();
  EXPECT_TRUE(run(read_to_end(**both.server)).error().is(Code::reset));
}

TEST_F(StreamTest, a_client_that_closes_without_reading_the_tickets_does_not_reset) {
  auto both = shake();
  run((*both.client)->write(Bytes::literal("a request"))).value();
  simulation.run_for(1s);
  both.client->reset();
  EXPECT_EQ(run(read_to_end(**both.server)).value(), "a request");
}

TEST_F(StreamTest, a_large_write_is_records_in_few_writes_below_and_small_pieces_share_one) {
  std::size_t writes = 0;
  std::size_t bytes = 0;
  Raw raw = connect();
  raw.client = std::make_unique<Counting>(std::move(raw.client), writes, bytes);
  auto both = shake(server_context(), client_context(), host, std::move(raw));
  EXPECT_EQ(pass(**both.server, **both.client, "x"), "x");
  auto costs = [&](BytesList list) {
    writes = bytes = 0;
    std::size_t size = list.size();
    auto writing = (*both.client)->write(std::move(list));
    for (std::size_t got = 0; got < size;) got += run((*both.server)->read()).value().size();
    run(std::move(writing)).value();
    return std::pair(writes, bytes - size);
  };
  constexpr std::size_t overhead = 22;  // of a record of TLS 1.3
  BytesList pieces;
  for (int i = 0; i < 40; ++i) pieces.add(Bytes::copy("piece"));
  EXPECT_EQ(costs(std::move(pieces)), std::pair(std::size_t{1}, overhead));
  std::string large(1 << 20, 'y');
  EXPECT_EQ(costs(Bytes::copy(large)),
            std::pair((std::size_t{1} << 20) / Stream::batch_bytes_max, 64 * overhead));
  BytesList headed;
  headed.add(Bytes::copy("head"));
  headed.add(Bytes::copy(large));
  auto [some, more] = costs(std::move(headed));
  EXPECT_EQ(some, (std::size_t{1} << 20) / Stream::batch_bytes_max + 1);
  EXPECT_EQ(more, 65 * overhead);
  EXPECT_EQ(costs(Bytes()), std::pair(std::size_t{0}, std::size_t{0}));
}

TEST_F(StreamTest, reads_give_at_most_what_is_asked_for) {
  auto both = shake();
  auto writing = (*both.client)->write(Bytes::literal("abcdef"));
  std::string got;
  while (got.size() < 6) {
    auto part = run((*both.server)->read(2)).value();
    EXPECT_LE(part.size(), 2u);
    got += part.view();
  }
  EXPECT_EQ(got, "abcdef");
  run(std::move(writing)).value();
}

TEST_F(StreamTest, tickets_do_not_break_an_idle_connection_but_an_end_does) {
  auto both = shake();
  simulation.run_for(1s);
  EXPECT_FALSE((*both.client)->broken());
  EXPECT_FALSE((*both.server)->broken());
  both.server->reset();
  simulation.run_for(1s);
  EXPECT_TRUE((*both.client)->broken());
}

TEST_F(StreamTest, bytes_that_somebody_on_the_way_changed_are_a_reset) {
  Raw raw = connect();
  ByteStream* below = raw.client.get();
  auto both = shake(server_context(), client_context(), host, std::move(raw));
  std::string forged("\x17\x03\x03\x00\x20", 5);  // a record with 32 bytes
  run(below->write(Bytes::copy(forged + std::string(32, 'x')))).value();
  auto broken = run((*both.server)->read());
  EXPECT_TRUE(broken.error().is(Code::reset));
  EXPECT_TRUE(has(broken.error().text(), "the TLS connection broke")) << broken.error().text();
  EXPECT_TRUE(run((*both.server)->write(Bytes::literal("x"))).error().is(Code::reset));
  // The peer hears of it too.
  EXPECT_TRUE(has(run((*both.client)->read()).error().text(), "bad record mac"));
}

TEST_F(StreamTest, a_slow_reader_holds_up_the_writer_and_gets_every_byte) {
  auto both = shake();
  std::string text;
  for (int i = 0; text.size() < (2 << 20); ++i) text += std::to_string(i) + ",";
  auto writing = (*both.server)->write(Bytes::copy(text));
  std::string got;
  while (got.size() < text.size()) {
    if (simulation.random().chance(0.05)) simulation.run_for(100ms);
    if (got.size() < text.size() / 2) {
      EXPECT_TRUE(writing.pending());
    }
    got += run((*both.client)->read(1 + simulation.random().below(20'000))).value().view();
  }
  run(std::move(writing)).value();
  EXPECT_TRUE(got == text);
}

}  // namespace
}  // namespace berth::tls
