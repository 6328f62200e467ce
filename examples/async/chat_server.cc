// Everybody hears what anybody says:  chat_server tcp:8000

#include <fmt/format.h>

#include <map>

#include "async/gather.h"
#include "async/lines.h"
#include "async/serve.h"
#include "async/sync.h"
#include "base/endpoint.h"
#include "os/react.h"

using namespace berth;

/// One who falls `outbox_lines_max` lines behind is disconnected: the others do not wait for it.
struct Member {
  static constexpr std::size_t outbox_lines_max = 100;
  explicit Member(std::unique_ptr<ByteStream> to) : stream(std::move(to)), lines(*stream) {}

  std::unique_ptr<ByteStream> stream;
  LineReader lines;
  Queue<std::string> outbox{outbox_lines_max};

  Deferred<void> write_outbox() {
    for (;;) co_await stream->write(Bytes::copy(co_await outbox.pop() + "\r\n"));
  }
};

class Chat {
 public:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream) {
    Member member(std::move(stream));
    auto first = co_await race(together(member.write_outbox(), listen_to(member)));
    co_await or_return(std::move(first.result));
  }

 private:
  Deferred<void> listen_to(Member& member) {
    member.outbox.try_push("What's your name?");
    std::string name;
    while (name.empty() || members_.contains(name)) {
      auto line = co_await member.lines.next();
      if (!line) co_return;
      name = std::move(*line);
      if (members_.contains(name)) member.outbox.try_push("Name taken, please choose another.");
    }
    Seat seat(*this, name, member);
    member.outbox.try_push("Welcome, " + name + "!");
    while (auto line = co_await member.lines.next()) tell_others(name, "<" + name + "> " + *line);
  }
  void tell_others(const std::string& from, const std::string& line) {
    for (auto& [name, member] : members_) {
      if (name != from && !member->outbox.try_push(line)) member->stream->abort();
    }
  }

  /// In the room as long as this lives, however the conversation ends.
  struct Seat {
    Seat(Chat& of, std::string by, Member& member) : chat(of), name(std::move(by)) {
      chat.members_[name] = &member;
    }
    ~Seat() { chat.members_.erase(name); }
    Chat& chat;
    std::string name;
  };
  std::map<std::string, Member*> members_;
};

Deferred<void> run(World& world, std::string endpoint) {
  Endpoint place = co_await or_return(server_endpoint(endpoint));
  auto listener = co_await or_return(world.network.listen(place.address));
  fmt::print("listening on {}\n", listener->address().text());
  std::fflush(stdout);
  Chat chat;
  co_await serve(*listener, [&](auto stream) { return chat.converse(std::move(stream)); });
}

int main(int count, char** words) {
  if (count != 2) return fmt::print(stderr, "usage: chat_server ENDPOINT\n"), 2;
  return os::react([&](World& world) { return run(world, words[1]); });
}
