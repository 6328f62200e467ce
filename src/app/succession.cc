#include "app/succession.h"

#include <csignal>
#include <tuple>

#include "async/clock.h"
#include "async/process.h"
#include "base/json.h"
#include "os/descriptor.h"
#include "os/host.h"

namespace berth::app {
namespace {

constexpr std::size_t sockets_at_once = 100;  // in one message
constexpr Duration sockets_limit = 5s;        // for all of them to come

}  // namespace

std::string succession_path(const std::string& control) { return control + ".next"; }

Result<void> Predecessor::set(const std::string& path) {
  if (path == path_) return {};
  std::unique_ptr<Scope> listening;
  if (!path.empty()) {
    auto listener = TRY(os::PassingListener::listen(reactor_, path));
    listening = std::make_unique<Scope>();
    listening->add(accept_all(std::move(listener)));
  }
  listening_ = std::move(listening);
  path_ = path;
  return {};
}

Deferred<void> Predecessor::accept_all(std::unique_ptr<os::PassingListener> listener) {
  for (;;) {
    auto socket = co_await listener->accept();
    if (over()) co_return;
    why_not_.clear();
    auto handed = co_await hand_over(*socket).result();
    if (handed.ok()) {
      succeeded_.set();
      co_return;
    }
    why_not_ = handed.error().text();
    log_.warning("the next process did not take over; this one goes on", {{"why", why_not_}});
  }
}

Deferred<void> Predecessor::hand_over(os::PassingSocket& socket) {
  auto& open = sockets_.open();
  auto next = open.begin();
  do {
    Json message = Json::object();
    Json names = Json::array();
    std::vector<int> descriptors;
    for (; next != open.end() && descriptors.size() < sockets_at_once; ++next) {
      names.add(next->first);
      descriptors.push_back(next->second.get());
    }
    message.set("sockets", std::move(names));
    if (next == open.end()) message.set("all", true);
    co_await or_return(socket.send(message.text(), descriptors));
  } while (next != open.end());
  auto receiving = with_timeout(world_.clock, ready_limit, socket.receive());
  auto answer = co_await std::move(receiving).result();
  if (!answer.ok()) {
    bool gone = answer.error().is(Code::closed);
    std::string why = gone ? "it ended before it was ready" : answer.error().text();
    co_await fail_with(Error(Code::unavailable, why));
  }
  auto json = Json::parse(answer->text);
  auto pid = json.ok() ? (*json)["ready"].integer() : std::nullopt;
  if (!pid) {
    std::string why = json.ok() ? std::string((*json)["failed"].string_or("no word")) : "no JSON";
    co_await fail_with(Error(Code::unavailable, why));
  }
  successor_ = *pid;
}

Deferred<std::int64_t> Predecessor::start(std::vector<std::string> argv) {
  if (path_.empty()) {
    co_return Error(Code::unavailable, "[proxy] control is needed to hand the sockets over");
  }
  if (starting_ || over()) co_return Error(Code::in_use, "the next process is on its way already");
  struct Starting {
    bool& flag;
    explicit Starting(bool& f) : flag(f) { flag = true; }
    ~Starting() { flag = false; }
  } starting(starting_);
  // It writes where this one writes, which a shell arranges.
  SpawnSpec spec;
  spec.argv = {"/bin/sh", "-c", "exec \"$@\" >&3 2>&4 3>&- 4>&-", "sh"};
  for (auto& word : argv) spec.argv.push_back(std::move(word));
  spec.env = os::own_environment();
  spec.detached = true;
  auto output = co_await or_return(os::duplicate(1));
  auto errors = co_await or_return(os::duplicate(2));
  spec.inherited = {output.get(), errors.get()};
  why_not_.clear();
  auto child = co_await world_.process.spawn(std::move(spec));
  MonotonicTime end = world_.clock.now() + ready_limit;
  auto ended = child->wait();
  while (!over() && ended.pending() && world_.clock.now() < end) co_await world_.clock.after(5ms);
  if (over()) co_return successor_;
  if (ended.pending()) child->send_signal(SIGKILL);
  std::string why = why_not_;
  if (why.empty()) why = ended.pending() ? "it was not ready in time" : "it ended at its start";
  co_return Error(Code::unavailable, "the next process did not take over: " + why);
}

Deferred<std::unique_ptr<Successor>> Successor::begin(World& world, os::Reactor& reactor,
                                                      TakenSockets& sockets, std::string control) {
  auto opened = os::PassingSocket::connect(reactor, succession_path(control));
  if (!opened.ok()) {
    co_return Error(Code::unavailable, "no proxy runs with the control socket " + control + ": " +
                                           opened.error().text());
  }
  std::unique_ptr<Successor> self(new Successor(std::move(*opened)));
  for (bool all = false; !all;) {
    auto message = co_await with_timeout(world.clock, sockets_limit, self->socket_->receive());
    auto json = co_await or_return(Json::parse(message.text));
    auto& names = json["sockets"].items();
    for (std::size_t i = 0; i < names.size() && i < message.descriptors.size(); ++i) {
      std::string name(names[i].string_or(""));
      sockets.inherit(name, std::move(message.descriptors[i]));
    }
    all = json["all"].boolean().value_or(false);
  }
  co_return std::move(self);
}

void Successor::ready() {
  Json message = Json::object();
  message.set("ready", os::own_pid());
  std::ignore = socket_->send(message.text());
}

void Successor::failed(const Error& why) {
  Json message = Json::object();
  message.set("failed", why.text().substr(0, 4000));
  std::ignore = socket_->send(message.text());
}

}  // namespace berth::app
