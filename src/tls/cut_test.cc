#include <optional>

#include "async/gather.h"
#include "tls/pair_suite.h"

namespace berth::tls {
namespace {

/// A stream between TLS and the network that does something wrong at a chosen place: after a number
/// of bytes from the peer it resets or ends, or its operation of a given number never ends.
class Troubled final : public ByteStream {
 public:
  struct Plan {
    std::size_t reset_after = ~std::size_t{0};  // bytes read
    std::size_t end_after = ~std::size_t{0};
    std::size_t hold_at = ~std::size_t{0};  // the number of the operation, from 0
    // What has happened:
    std::size_t bytes_read = 0;
    std::size_t operations = 0;
    bool held = false;
    bool let_go = false;  // the operation that is held was cancelled or dropped
  };

  Troubled(StreamPointer below, Plan& plan) : below_(std::move(below)), plan_(plan) {}

  Deferred<Bytes> read(std::size_t bytes_max) override {
    if (hold()) return held(reading_);
    std::size_t left = std::min(plan_.reset_after, plan_.end_after) - plan_.bytes_read;
    if (left == 0 && plan_.bytes_read == plan_.end_after) return ready(Bytes());
    if (left == 0) {
      below_->abort();
      return failed<Bytes>(Error(Code::reset, "cut"));
    }
    return below_->read(std::min(bytes_max, left)).then([this](Bytes part) {
      plan_.bytes_read += part.size();
      return part;
    });
  }
  Deferred<void> write(BytesList bytes) override {
    if (hold()) return held(writing_);
    return below_->write(std::move(bytes));
  }
  Deferred<void> shutdown_write() override {
    if (hold()) return held(writing_);
    return below_->shutdown_write();
  }
  void close() override { below_->close(); }
  void abort() override { below_->abort(); }
  Address local_address() const override { return below_->local_address(); }
  Address peer_address() const override { return below_->peer_address(); }
  bool broken() const override { return below_->broken(); }

 private:
  bool hold() { return plan_.operations++ == plan_.hold_at; }
  template <class T>
  Deferred<T> held(std::optional<Promise<T>>& promise) {
    plan_.held = true;
    promise.emplace();
    promise->on_cancel([this] { plan_.let_go = true; });
    return promise->deferred();
  }

  StreamPointer below_;
  Plan& plan_;
  std::optional<Promise<Bytes>> reading_;
  std::optional<Promise<void>> writing_;
};

std::vector<std::string> unhandled;

struct CutTest : PairTest {
  CutTest() {
    unhandled.clear();
    set_unhandled_error_sink([](const Error& error) { unhandled.push_back(error.text()); });
  }
  ~CutTest() override { set_unhandled_error_sink(nullptr); }

  /// A handshake, a word each way, and both ends in order.
  static Deferred<void> talk(Deferred<StreamPointer> securing, std::string word) {
    auto stream = co_await std::move(securing);
    co_await stream->write(Bytes::copy(word));
    std::string got;
    while (got.size() < word.size()) {
      Bytes part = co_await stream->read();
      if (part.empty()) co_await fail_with(Error(Code::invalid, "an end in the middle"));
      got += part.view();
    }
    co_await stream->shutdown_write();
    Bytes end = co_await stream->read();
    if (!end.empty()) co_await fail_with(Error(Code::invalid, "more than was sent"));
  }
  struct Talk {
    Deferred<void> client;
    Deferred<void> server;
  };
  /// `plan` is for the client's side or the server's.
  Talk begin(Troubled::Plan& plan, bool at_client) {
    Raw raw = connect();
    StreamPointer& side = at_client ? raw.client : raw.server;
    side = std::make_unique<Troubled>(std::move(side), plan);
    std::string word(3000, 'w');
    // Each time another name, for which there is no session: the handshake is a whole one.
    std::string name = "n" + std::to_string(talks_++) + ".b.example";
    return {talk(tls::connect(client, client_host.clock, std::move(raw.client), name), word),
            talk(accept(server, server_host.clock, std::move(raw.server)), word)};
  }

  /// What one side reads of a whole handshake, tickets and all.
  std::size_t handshake_bytes(bool at_client) { return at_client ? 1500 : 600; }

  ServerContext server = server_context();
  ClientContext client = client_context();

 private:
  int talks_ = 0;
};

TEST_F(CutTest, a_reset_at_any_byte_is_an_error_on_both_sides) {
  for (bool at_client : {true, false}) {
    for (bool end : {false, true}) {
      std::size_t cut = 0;
      for (;; cut += end ? 23 : cut < handshake_bytes(at_client) ? 1 : 97) {
        Troubled::Plan plan;
        (end ? plan.end_after : plan.reset_after) = cut;
        Talk talk = begin(plan, at_client);
        auto client_result = run(std::move(talk.client));
        auto server_result = run(std::move(talk.server));
        auto& troubled = at_client ? client_result : server_result;
        if (troubled.ok()) break;  // all has gone by before the cut
        EXPECT_TRUE(troubled.error().is(Code::reset)) << cut << " " << troubled.error().text();
        if (end) continue;
        auto& other = at_client ? server_result : client_result;
        EXPECT_TRUE(other.ok() || other.error().is(Code::reset)) << other.error().text();
      }
      EXPECT_GT(cut, 3000u);
    }
  }
  EXPECT_EQ(unhandled, std::vector<std::string>());
}

TEST_F(CutTest, a_cancel_at_any_wait_ends_the_work_and_lets_go_of_what_it_waited_for) {
  for (bool at_client : {true, false}) {
    for (bool drop : {false, true}) {
      std::size_t place = 0;
      for (;; ++place) {
        Troubled::Plan plan;
        plan.hold_at = place;
        Talk talk = begin(plan, at_client);
        auto& held = at_client ? talk.client : talk.server;
        auto& other = at_client ? talk.server : talk.client;
        simulation.run_until([&] { return plan.held || !held.pending(); }, 5s);
        if (!plan.held || plan.let_go) {  // only its goodbye was held, if anything
          ASSERT_FALSE(held.pending());
          run(std::move(held)).value();
          if (!plan.held) break;
          continue;
        }
        if (drop) {
          held.reset();
        } else {
          held.cancel();
          EXPECT_TRUE(run(std::move(held)).error().is(Code::cancelled)) << place;
        }
        EXPECT_TRUE(plan.let_go) << place;
        // The other side is not left waiting for ever.
        auto result = run(std::move(other));
        EXPECT_TRUE(result.ok() || result.error().is(Code::reset) ||
                    result.error().is(Code::invalid))
            << place << " " << result.error().text();
      }
      EXPECT_GE(place, 6u);
    }
  }
  EXPECT_EQ(unhandled, std::vector<std::string>());
}

TEST_F(CutTest, a_cancel_at_any_moment_loses_no_byte_of_a_read) {
  // Between two events nothing changes: a cancel after each of them is a cancel at any time.
  auto both = shake(server, client);
  std::string sent;
  std::string got;
  for (std::size_t steps = 0; steps < 400; ++steps) {
    std::string word = std::to_string(steps) + std::string(simulation.random().below(900), '.');
    sent += word;
    auto writing = (*both.client)->write(Bytes::copy(word));
    auto reading = (*both.server)->read(1 + simulation.random().below(4000));
    for (std::size_t i = 0; i < steps % 7; ++i) simulation.step();
    if (steps % 2 == 0 && reading.pending()) {
      reading.reset();
    } else {
      reading.cancel();
      auto result = run(std::move(reading));
      if (result.ok()) got += result->view();
    }
    while (!simulation.run_until([&] { return !writing.pending(); }, 1s)) {
      got += run((*both.server)->read()).value().view();
    }
    writing.take().value();
  }
  run((*both.client)->shutdown_write()).value();
  for (;;) {
    Bytes part = run((*both.server)->read()).value();
    if (part.empty()) break;
    got += part.view();
  }
  EXPECT_TRUE(got == sent);
}

}  // namespace
}  // namespace berth::tls
