#pragma once

#include <algorithm>
#include <tuple>
#include <vector>

#include "async/gather.h"
#include "async/world_suite.h"

namespace berth {

using StreamPointer = std::unique_ptr<ByteStream>;

/// What network.h promises.
class NetworkSuite : public WorldSuite {
 protected:
  struct Pair {
    StreamPointer client;
    StreamPointer server;
  };

  std::unique_ptr<Listener> listen() {
    return other.network.listen(suite->other_address()).value();
  }
  Pair connect(Listener& listener) {
    auto client = world.network.connect(listener.address());
    auto server = run(listener.accept()).value();
    return {run(std::move(client)).value(), std::move(server)};
  }
  Pair connect() { return connect(*listen()); }

  /// `size` bytes of a pattern that tells when something is lost, doubled or out of order.
  static std::string pattern(std::size_t size, std::uint32_t salt = 0) {
    std::string text(size, '\0');
    std::uint32_t state = 12345 + salt;
    for (char& c : text) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    return text;
  }
  static Deferred<std::string> read_to_end(ByteStream& stream, std::size_t bytes_max = 16384) {
    std::string all;
    for (;;) {
      Bytes part = co_await stream.read(bytes_max);
      if (part.empty()) co_return all;
      all += part.view();
    }
  }
  static Deferred<std::string> read_exactly(ByteStream& stream, std::size_t size) {
    std::string all;
    while (all.size() < size) {
      Bytes part = co_await stream.read(size - all.size());
      if (part.empty()) co_return Error(Code::reset, "an early end after " + all);
      all += part.view();
    }
    co_return all;
  }
  static Deferred<void> write_and_end(ByteStream& stream, std::string text) {
    co_await stream.write(Bytes::copy(text));
    co_await stream.shutdown_write();
  }
  /// Writes until a write has to wait; how much was taken.
  std::size_t fill(ByteStream& stream, Deferred<void>& waiting) {
    std::size_t taken = 0;
    std::string piece = pattern(64 << 10);
    for (int i = 0; i < 4096; ++i) {
      waiting = stream.write(Bytes::copy(piece));
      for (int turns = 0; turns < 30 && waiting.pending(); ++turns) suite->turn();
      if (waiting.pending()) return taken;
      waiting.take().value();
      taken += piece.size();
    }
    ADD_FAILURE() << "a stream takes whatever it is given";
    return taken;
  }
};

TEST_P(NetworkSuite, bytes_go_both_ways_until_each_half_ends) {
  auto [client, server] = connect();
  run(client->write(Bytes::literal("hello"))).value();
  EXPECT_EQ(run(read_exactly(*server, 5)).value(), "hello");
  run(client->shutdown_write()).value();
  EXPECT_TRUE(run(server->read()).value().empty());
  EXPECT_TRUE(run(server->read()).value().empty());  // an end stays one
  // The other half goes on.
  run(server->write(Bytes::literal("late answer"))).value();
  EXPECT_EQ(run(read_exactly(*client, 11)).value(), "late answer");
  run(server->shutdown_write()).value();
  EXPECT_TRUE(run(client->read()).value().empty());
}

TEST_P(NetworkSuite, large_transfers_both_ways_at_once_arrive_whole) {
  auto [client, server] = connect();
  std::string up = pattern(3 << 20, 1);
  std::string down = pattern(2 << 20, 2);
  auto sent = gather_results(together(write_and_end(*client, up), write_and_end(*server, down)));
  auto got = gather_results(
      together(read_to_end(*server, 10'000), read_to_end(*client, std::size_t{1} << 20)));
  Deferred<std::vector<std::string>> both = std::move(got);
  Deferred<void> all_sent = std::move(sent);
  auto read = run(std::move(both));
  ASSERT_TRUE(read.ok()) << read.error().text();
  auto& texts = *read;
  run(std::move(all_sent)).value();
  EXPECT_TRUE(texts[0] == up);
  EXPECT_TRUE(texts[1] == down);
}

TEST_P(NetworkSuite, a_write_takes_many_pieces_in_order) {
  auto [client, server] = connect();
  BytesList list;
  std::string expected;
  for (int i = 0; i < 300; ++i) {
    std::string piece = i % 7 == 0 ? "" : pattern(static_cast<std::size_t>(i), 3);
    expected += piece;
    list.add(Bytes::copy(piece));
  }
  auto written = client->write(std::move(list));
  EXPECT_TRUE(run(read_exactly(*server, expected.size())).value() == expected);
  run(std::move(written)).value();
  run(client->write(BytesList())).value();  // nothing is written at once
}

TEST_P(NetworkSuite, a_read_gives_at_most_what_was_asked_for) {
  auto [client, server] = connect();
  run(client->write(Bytes::literal("abcdef"))).value();
  std::string all;
  while (all.size() < 6) {
    Bytes part = run(server->read(2)).value();
    ASSERT_FALSE(part.empty());
    ASSERT_LE(part.size(), 2u);
    all += part.view();
  }
  EXPECT_EQ(all, "abcdef");
}

TEST_P(NetworkSuite, a_write_waits_while_the_peer_does_not_read) {
  auto [client, server] = connect();
  Deferred<void> waiting;
  std::size_t taken = fill(*client, waiting);
  ASSERT_TRUE(waiting.pending());
  Deferred<std::string> got = read_exactly(*server, taken + (64 << 10));
  run(std::move(waiting)).value();
  std::string piece = pattern(64 << 10);
  std::string all = run(std::move(got)).value();
  for (std::size_t at = 0; at < all.size(); at += piece.size()) {
    ASSERT_TRUE(std::string_view(all).substr(at, piece.size()) == piece) << at;
  }
}

TEST_P(NetworkSuite, cancelled_and_dropped_reads_lose_no_byte) {
  auto [client, server] = connect();
  std::string text = pattern(20'000, 4);
  std::string got;
  std::size_t sent = 0;
  for (int i = 0; got.size() < text.size(); ++i) {
    ASSERT_LT(i, 20'000);
    if (sent < text.size() && i % 3 != 2) {
      std::size_t size = std::min<std::size_t>(1 + world.random.below(700), text.size() - sent);
      run(client->write(Bytes::copy(std::string_view(text).substr(sent, size)))).value();
      sent += size;
    }
    Deferred<Bytes> reading = server->read(1 + world.random.below(500));
    for (std::uint64_t turns = world.random.below(4); turns > 0; --turns) suite->turn();
    if (reading.pending() && i % 2 == 0) {
      reading.reset();
      continue;
    }
    reading.cancel();
    auto result = run(std::move(reading));
    if (result.ok()) {
      got += result->view();
    } else {
      ASSERT_TRUE(result.error().is(Code::cancelled)) << result.error().text();
    }
  }
  EXPECT_TRUE(got == text);
}

TEST_P(NetworkSuite, after_a_cancelled_write_only_closing_is_left) {
  for (bool drop : {false, true}) {
    auto [client, server] = connect();
    Deferred<void> waiting;
    std::size_t taken = fill(*client, waiting);
    if (drop) {
      waiting.reset();
    } else {
      waiting.cancel();
      EXPECT_TRUE(run(std::move(waiting)).error().is(Code::cancelled));
    }
    EXPECT_TRUE(run(client->write(Bytes::literal("x"))).error().is(Code::closed));
    EXPECT_TRUE(run(client->shutdown_write()).error().is(Code::closed));
    client->close();
    // The peer gets a beginning of what was written, no more.
    std::size_t got = 0;
    for (;;) {
      auto part = run(server->read());
      if (!part.ok() || part->empty()) break;
      got += part->size();
    }
    EXPECT_LE(got, taken + (64 << 10));
  }
}

TEST_P(NetworkSuite, closing_answers_what_is_under_way) {
  for (int how = 0; how < 3; ++how) {
    auto [client, server] = connect();
    Deferred<void> writing;
    fill(*client, writing);
    Deferred<Bytes> reading = client->read();
    if (how == 0) client->close();
    if (how == 1) client->abort();
    if (how == 2) client.reset();
    EXPECT_TRUE(run(std::move(reading)).error().is(Code::closed));
    EXPECT_TRUE(run(std::move(writing)).error().is(Code::closed));
    if (!client) continue;
    EXPECT_TRUE(client->broken());
    EXPECT_TRUE(run(client->read()).error().is(Code::closed));
    EXPECT_TRUE(run(client->write(Bytes::literal("x"))).error().is(Code::closed));
    EXPECT_TRUE(run(client->shutdown_write()).error().is(Code::closed));
    client->close();
    client->abort();
  }
}

TEST_P(NetworkSuite, what_was_written_before_a_close_still_arrives) {
  for (bool destroy : {false, true}) {
    auto [client, server] = connect();
    std::string text = pattern(30'000, 5);
    Deferred<void> written = client->write(Bytes::copy(text));
    std::string got;
    while (written.pending()) got += run(server->read()).value().view();
    written.take().value();
    client->close();
    if (destroy) client.reset();
    EXPECT_TRUE(got + run(read_to_end(*server)).value() == text);
  }
}

TEST_P(NetworkSuite, an_abort_is_an_error_for_the_peer_and_stays_one) {
  auto [client, server] = connect();
  Deferred<Bytes> reading = server->read();
  client->abort();
  EXPECT_TRUE(run(std::move(reading)).error().is(Code::reset));
  EXPECT_TRUE(server->broken());
  EXPECT_TRUE(run(server->read()).error().is(Code::reset));
  EXPECT_TRUE(run(server->write(Bytes::literal("x"))).error().is(Code::reset));
}

TEST_P(NetworkSuite, writing_to_a_peer_that_is_gone_fails_in_the_end) {
  auto [client, server] = connect();
  server.reset();
  Result<void> result;
  for (int i = 0; i < 1000 && result.ok(); ++i) {
    result = run(client->write(Bytes::literal("is anybody there")));
    suite->turn();
  }
  ASSERT_FALSE(result.ok());
  EXPECT_TRUE(result.error().is(Code::reset)) << result.error().text();
  EXPECT_TRUE(client->broken());
}

TEST_P(NetworkSuite, writing_after_the_own_half_ended_is_closed) {
  auto [client, server] = connect();
  run(client->shutdown_write()).value();
  EXPECT_TRUE(run(client->write(Bytes::literal("x"))).error().is(Code::closed));
}

TEST_P(NetworkSuite, broken_tells_of_an_end_or_of_bytes_that_nobody_asked_for) {
  auto [client, server] = connect();
  for (int i = 0; i < 5; ++i) suite->turn();
  EXPECT_FALSE(client->broken());
  run(server->shutdown_write()).value();
  EXPECT_TRUE(suite->until([&] { return client->broken(); }));
  EXPECT_FALSE(server->broken());
  run(client->write(Bytes::literal("x"))).value();
  EXPECT_TRUE(suite->until([&] { return server->broken(); }));
  EXPECT_EQ(run(server->read()).value().view(), "x");
  EXPECT_FALSE(server->broken());
}

TEST_P(NetworkSuite, both_ends_know_each_other) {
  auto listener = listen();
  EXPECT_NE(listener->address().port(), 0);
  auto [client, server] = connect(*listener);
  EXPECT_EQ(client->peer_address(), listener->address());
  EXPECT_EQ(server->local_address(), listener->address());
  EXPECT_EQ(client->local_address(), server->peer_address());
  EXPECT_NE(client->local_address(), client->peer_address());
}

TEST_P(NetworkSuite, nothing_that_listens_is_refused) {
  Address address = listen()->address();  // closed again
  auto refused = run(world.network.connect(address));
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::refused)) << refused.error().text();
  EXPECT_NE(refused.error().text().find(address.text()), std::string::npos);
}

TEST_P(NetworkSuite, an_address_is_listened_on_once_unless_shared) {
  auto first = listen();
  auto second = other.network.listen(first->address());
  ASSERT_FALSE(second.ok());
  EXPECT_TRUE(second.error().is(Code::in_use)) << second.error().text();
  Address address = first->address();
  first->close();
  EXPECT_TRUE(other.network.listen(address).ok());

  ListenOptions shared{.backlog = 16, .reuse_port = true};
  auto third = other.network.listen(suite->other_address(), shared).value();
  EXPECT_TRUE(other.network.listen(third->address(), shared).ok());
}

TEST_P(NetworkSuite, an_address_of_nobody_here_is_not_listened_on) {
  auto failed = world.network.listen(Address::ipv4(0xc0000201, 80));  // 192.0.2.1, RFC 5737
  ASSERT_FALSE(failed.ok());
  EXPECT_TRUE(failed.error().is(Code::unavailable)) << failed.error().text();
  EXPECT_TRUE(world.network.listen(Address()).error().is(Code::invalid));
  EXPECT_TRUE(run(world.network.connect(Address())).error().is(Code::invalid) ||
              run(world.network.connect(Address())).error().is(Code::unavailable));
}

TEST_P(NetworkSuite, connections_wait_until_they_are_accepted) {
  auto listener = listen();
  std::vector<StreamPointer> clients;
  for (char c = 'a'; c < 'f'; ++c) {
    clients.push_back(run(world.network.connect(listener->address())).value());
    run(clients.back()->write(Bytes::copy(std::string(1, c)))).value();
  }
  std::string got;
  for (int i = 0; i < 5; ++i) {
    auto server = run(listener->accept()).value();
    got += run(server->read()).value().view();
  }
  EXPECT_EQ(got, "abcde");
}

TEST_P(NetworkSuite, several_may_accept_and_one_who_leaves_takes_no_connection) {
  auto listener = listen();
  auto first = listener->accept();
  auto second = listener->accept();
  auto third = listener->accept();
  first.cancel();
  EXPECT_TRUE(run(std::move(first)).error().is(Code::cancelled));
  second.reset();
  auto client = run(world.network.connect(listener->address())).value();
  auto server = run(std::move(third)).value();
  run(server->write(Bytes::literal("hi"))).value();
  EXPECT_EQ(run(read_exactly(*client, 2)).value(), "hi");
}

TEST_P(NetworkSuite, a_closed_listener_answers_those_who_wait) {
  for (bool destroy : {false, true}) {
    auto listener = listen();
    auto waiting = listener->accept();
    if (destroy) {
      listener.reset();
    } else {
      listener->close();
      EXPECT_TRUE(run(listener->accept()).error().is(Code::closed));
    }
    EXPECT_TRUE(run(std::move(waiting)).error().is(Code::closed));
  }
}

TEST_P(NetworkSuite, connections_that_nobody_accepted_break_with_their_listener) {
  auto listener = listen();
  auto client = run(world.network.connect(listener->address())).value();
  Deferred<Bytes> reading = client->read();
  listener.reset();
  EXPECT_TRUE(run(std::move(reading)).error().is(Code::reset));
}

TEST_P(NetworkSuite, a_connect_may_be_cancelled_or_dropped_at_any_time) {
  auto listener = listen();
  for (int turns = 0; turns < 8; ++turns) {
    auto cancelled = world.network.connect(listener->address());
    auto dropped = world.network.connect(listener->address());
    for (int i = 0; i < turns; ++i) suite->turn();
    cancelled.cancel();
    dropped.reset();
    auto result = run(std::move(cancelled));
    EXPECT_TRUE(result.ok() || result.error().is(Code::cancelled));
  }
  // Those that were accepted meanwhile are at their end.
  for (int i = 0; i < 16; ++i) {
    auto accepting = listener->accept();
    for (int turns = 0; turns < 20 && accepting.pending(); ++turns) suite->turn();
    if (accepting.pending()) break;
    auto stream = accepting.take().value();
    auto part = run(stream->read());
    EXPECT_TRUE(!part.ok() || part->empty());
  }
}

TEST_P(NetworkSuite, a_stream_may_go_at_any_time) {
  for (int turns = 0; turns < 6; ++turns) {
    auto [client, server] = connect();
    auto reading = client->read();
    auto echoed = server->read();
    auto writing = client->write(Bytes::copy(pattern(100'000)));
    for (int i = 0; i < turns; ++i) suite->turn();
    if (turns % 2 == 0) {
      client.reset();
    } else {
      writing.reset();
      reading.reset();
      client.reset();
    }
    if (reading.valid()) std::ignore = run(std::move(reading));
    if (writing.valid()) std::ignore = run(std::move(writing));
    auto part = run(std::move(echoed));
    while (part.ok() && !part->empty()) part = run(server->read());
    EXPECT_TRUE(part.ok() || part.error().is(Code::reset)) << part.error().text();
  }
}

TEST_P(NetworkSuite, many_connections_at_once_keep_apart) {
  auto listener = listen();
  std::vector<Deferred<StreamPointer>> connecting;
  std::vector<StreamPointer> servers;
  for (int i = 0; i < 50; ++i) connecting.push_back(world.network.connect(listener->address()));
  for (int i = 0; i < 50; ++i) servers.push_back(run(listener->accept()).value());
  auto clients = run(Deferred<std::vector<StreamPointer>>(gather_results(std::move(connecting))));
  std::vector<Deferred<std::string>> reads;
  for (auto& server : servers) reads.push_back(read_to_end(*server));
  std::vector<Deferred<void>> writes;
  for (auto& client : *clients) {
    writes.push_back(write_and_end(*client, client->local_address().text()));
  }
  auto texts = run(Deferred<std::vector<std::string>>(gather_results(std::move(reads)))).value();
  run(Deferred<void>(gather_results(std::move(writes)))).value();
  for (std::size_t i = 0; i < servers.size(); ++i) {
    EXPECT_EQ(texts[i], servers[i]->peer_address().text());
  }
}

TEST_P(NetworkSuite, a_unix_path_is_known_on_its_own_host) {
  Address path = Address::unix_path(suite->folder() + "/socket");
  EXPECT_TRUE(run(world.network.connect(path)).error().is(Code::unavailable));
  auto listener = world.network.listen(path).value();
  EXPECT_EQ(listener->address(), path);
  EXPECT_TRUE(world.network.listen(path).error().is(Code::in_use));
  auto connecting = world.network.connect(path);
  auto server = run(listener->accept()).value();  // of connect, or of the look whether one listens
  auto client = run(std::move(connecting)).value();
  EXPECT_EQ(client->peer_address(), path);
  auto reading = client->read();
  while (reading.pending()) {
    auto written = server->write(Bytes::literal("x"));
    if (!run(std::move(written)).ok()) server = run(listener->accept()).value();
    suite->turn();
  }
  EXPECT_EQ(reading.take().value().view().substr(0, 1), "x");
  listener.reset();
  EXPECT_TRUE(run(world.network.connect(path)).error().is(Code::refused));
  EXPECT_TRUE(world.network.listen(path).ok());  // what a dead one left is no obstacle
  Address longer = Address::unix_path("/" + std::string(200, 'x'));
  EXPECT_TRUE(world.network.listen(longer).error().is(Code::invalid));
}

TEST_P(NetworkSuite, datagrams_go_both_ways) {
  auto a = other.network.bind_datagram(suite->other_address()).value();
  auto b = world.network.bind_datagram(suite->address()).value();
  auto receiving = a->receive();
  EXPECT_TRUE(b->send(a->address(), Bytes::literal("ping")));
  Datagram ping = run(std::move(receiving)).value();
  EXPECT_EQ(ping.bytes.view(), "ping");
  EXPECT_EQ(ping.peer.port(), b->address().port());
  EXPECT_TRUE(a->send(ping.peer, Bytes::literal("pong")));
  Datagram pong = run(b->receive()).value();
  EXPECT_EQ(pong.bytes.view(), "pong");
  EXPECT_EQ(pong.peer, a->address());
}

TEST_P(NetworkSuite, a_cancelled_receive_takes_no_datagram) {
  auto a = other.network.bind_datagram(suite->other_address()).value();
  auto cancelled = a->receive();
  auto dropped = a->receive();
  cancelled.cancel();
  dropped.reset();
  EXPECT_TRUE(run(std::move(cancelled)).error().is(Code::cancelled));
  EXPECT_TRUE(a->send(a->address(), Bytes::literal("x")));
  EXPECT_EQ(run(a->receive()).value().bytes.view(), "x");
}

TEST_P(NetworkSuite, a_datagram_that_cannot_be_sent_is_told) {
  auto a = other.network.bind_datagram(suite->other_address()).value();
  EXPECT_FALSE(a->send(a->address(), Bytes::copy(std::string(70'000, 'x'))));
  EXPECT_FALSE(a->send(Address(), Bytes::literal("x")));
  auto big = std::string(60'000, 'y');
  EXPECT_TRUE(a->send(a->address(), Bytes::copy(big)));
  EXPECT_TRUE(run(a->receive()).value().bytes.view() == big);
}

TEST_P(NetworkSuite, a_closed_datagram_socket_answers_those_who_wait) {
  auto a = other.network.bind_datagram(suite->other_address()).value();
  EXPECT_TRUE(other.network.bind_datagram(a->address()).error().is(Code::in_use));
  auto waiting = a->receive();
  a->close();
  EXPECT_TRUE(run(std::move(waiting)).error().is(Code::closed));
  EXPECT_TRUE(run(a->receive()).error().is(Code::closed));
  EXPECT_FALSE(a->send(a->address(), Bytes::literal("x")));
  EXPECT_TRUE(other.network.bind_datagram(a->address()).ok());
}

TEST_P(NetworkSuite, a_part_of_a_file_arrives_behind_what_is_written_before_it) {
  auto [client, server] = connect();
  std::string path = suite->folder() + "/big";
  std::string text = pattern(5'000'000);
  auto file = run(world.disk.open(path, OpenMode::write_emptied)).value();
  run(file->write(0, Bytes::copy(text))).value();
  for (std::size_t length :
       {text.size() - 7, std::size_t{100'000}, std::size_t{10}, std::size_t{0}}) {
    BytesList before;
    before.add(Bytes::literal("be"));
    before.add(Bytes::literal("fore"));
    auto writing = client->write_file(std::move(before), *file, 7, length);
    EXPECT_TRUE(run(read_exactly(*server, 6 + length)).value() ==
                "before" + text.substr(7, length));
    run(std::move(writing)).value();
  }
  run(client->write(Bytes::literal("after"))).value();
  EXPECT_EQ(run(read_exactly(*server, 5)).value(), "after");
}

TEST_P(NetworkSuite, a_file_that_is_shorter_than_asked_for_leaves_only_closing) {
  auto [client, server] = connect();
  auto file = run(world.disk.open(suite->folder() + "/short", OpenMode::write_emptied)).value();
  run(file->write(0, Bytes::copy(pattern(50'000)))).value();
  auto reading = read_to_end(*server);
  auto writing = client->write_file(Bytes::literal("before"), *file, 0, 200'000);
  EXPECT_TRUE(run(std::move(writing)).error().is(Code::io));
}

TEST_P(NetworkSuite, a_cancelled_file_ends_where_it_was) {
  auto [client, server] = connect();
  std::string text(16'000'000, 'x');
  auto file = run(world.disk.open(suite->folder() + "/long", OpenMode::write_emptied)).value();
  run(file->write(0, Bytes::copy(text))).value();
  auto writing = client->write_file(Bytes::literal(""), *file, 0, text.size());
  std::string begin = run(read_exactly(*server, 1000)).value();
  EXPECT_TRUE(begin == text.substr(0, 1000));
  writing.cancel();
  EXPECT_TRUE(run(std::move(writing)).error().is(Code::cancelled));
  client->close();
  auto rest = run(read_to_end(*server));
  EXPECT_TRUE(!rest.ok() || rest->size() < text.size() - begin.size());
}

}  // namespace berth
