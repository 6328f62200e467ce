#include "app/kept_listeners.h"

#include "async/clock.h"
#include "base/json.h"
#include "os/host.h"

namespace berth::app {
namespace {

constexpr std::size_t sockets_at_once = 100;  // in one message
constexpr Duration keeper_retry = 100ms;

}  // namespace

KeptListeners::KeptListeners(World& world, Log log, os::Reactor& reactor, os::Network& network,
                             std::string path)
    : world_(world), log_(log), reactor_(reactor), network_(network), path_(std::move(path)) {}
KeptListeners::~KeptListeners() = default;

Deferred<void> KeptListeners::run() {
  for (;;) {
    auto socket = os::PassingSocket::connect(reactor_, path_);
    if (socket.ok()) {
      socket_ = std::move(*socket);
      auto ended = co_await converse().result();
      socket_.reset();
      keeper_pid_ = 0;
      // Whoever waits binds by himself.
      wanted_.clear();
    }
    co_await world_.clock.after(keeper_retry);
  }
}

Deferred<void> KeptListeners::converse() {
  co_await or_return(say_hello());
  for (;;) take(co_await socket_->receive());
}

Result<void> KeptListeners::say_hello() {
  auto next = have_.begin();
  do {
    Json message = Json::object();
    message.set("hello", os::own_pid());
    Json have = Json::array();
    std::vector<int> descriptors;
    for (; next != have_.end() && descriptors.size() < sockets_at_once; ++next) {
      have.add(next->first.text());
      descriptors.push_back(next->second.get());
    }
    message.set("have", std::move(have));
    TRY(socket_->send(message.text(), descriptors));
  } while (next != have_.end());
  return {};
}

void KeptListeners::take(os::PassedMessage message) {
  auto json = Json::parse(message.text);
  if (!json.ok()) return;
  if (auto pid = (*json)["welcome"].integer()) keeper_pid_ = *pid;
  if ((*json)["stop"].boolean().value_or(false)) stop_.set();
  auto address = Address::parse((*json)["listener"].string_or(""));
  if (!address.ok()) return;
  auto waiting = wanted_.find(*address);
  if (waiting == wanted_.end()) return;
  Promise<void> promise = std::move(waiting->second);
  wanted_.erase(waiting);
  if (message.descriptors.empty()) {
    promise.errback(Error(Code::in_use, std::string((*json)["error"].string_or("no socket"))));
    return;
  }
  have_[*address] = std::move(message.descriptors.front());
  promise.callback();
}

Result<std::unique_ptr<Listener>> KeptListeners::use(const Address& address) {
  return network_.adopt_listener(TRY(os::duplicate(have_.at(address).get())));
}

Deferred<std::unique_ptr<Listener>> KeptListeners::listener(Address address) {
  if (!have_.contains(address) && socket_) {
    Json want = Json::object();
    want.set("want", address.text());
    if (socket_->send(want.text()).ok()) {
      Promise<void> promise;
      auto came = promise.deferred();
      wanted_.insert_or_assign(address, std::move(promise));
      auto got = co_await std::move(came).result();
      if (!got.ok() && got.error().is(Code::in_use)) co_return std::move(got).error();
    }
  }
  if (!have_.contains(address)) {
    have_[address] = co_await or_return(os::bind_listener(address));
  }
  co_return use(address);
}

void KeptListeners::release(const Address& address) {
  have_.erase(address);
  if (!socket_) return;
  Json message = Json::object();
  message.set("release", address.text());
  if (auto sent = socket_->send(message.text()); !sent.ok()) {
    log_.debug("the keeper is away", {{"error", sent.error()}});
  }
}

Result<void> ListenerKeeper::start() {
  scope_.add(accept_all(TRY(os::PassingListener::listen(reactor_, path_))));
  return {};
}

Deferred<void> ListenerKeeper::accept_all(std::unique_ptr<os::PassingListener> listener) {
  for (;;) scope_.add(serve(co_await listener->accept()));
}

void ListenerKeeper::set_proxy(std::int64_t pid, os::PassingSocket* socket) {
  proxy_pid_ = pid;
  proxy_ = socket;
  for (std::size_t waiting = changed_.size(); waiting > 0; --waiting) changed_.wake();
}

Deferred<void> ListenerKeeper::serve(std::unique_ptr<os::PassingSocket> socket) {
  std::int64_t pid = 0;
  for (;;) {
    auto message = co_await socket->receive().result();
    if (!message.ok()) break;
    auto json = Json::parse(message->text);
    if (!json.ok()) break;
    if (auto hello = (*json)["hello"].integer(); hello && pid == 0) {
      pid = *hello;
      Json welcome = Json::object();
      welcome.set("welcome", os::own_pid());
      if (!socket->send(welcome.text()).ok()) break;
      set_proxy(pid, socket.get());
    }
    answer(*socket, std::move(*message));
  }
  if (pid != 0 && proxy_pid_ == pid) set_proxy(0, nullptr);
}

void ListenerKeeper::stop_proxy() {
  if (!proxy_) return;
  if (auto sent = proxy_->send("{\"stop\":true}"); !sent.ok()) {
    log_.debug("the proxy went before it was told to", {{"error", sent.error()}});
  }
}

void ListenerKeeper::answer(os::PassingSocket& socket, os::PassedMessage message) {
  auto json = Json::parse(message.text);
  auto& have = (*json)["have"].items();
  for (std::size_t i = 0; i < have.size() && i < message.descriptors.size(); ++i) {
    kept_[std::string(have[i].string_or(""))] = std::move(message.descriptors[i]);
  }
  if (auto* want = (*json)["want"].string()) give(socket, *want);
  if (auto* release = (*json)["release"].string()) kept_.erase(*release);
}

void ListenerKeeper::give(os::PassingSocket& socket, const std::string& address) {
  Json answer = Json::object();
  answer.set("listener", address);
  auto kept = kept_.find(address);
  if (kept == kept_.end()) {
    auto parsed = Address::parse(address);
    auto bound = parsed.ok() ? os::bind_listener(*parsed)
                             : Result<os::Descriptor>(std::move(parsed).error());
    if (bound.ok()) {
      kept = kept_.emplace(address, std::move(*bound)).first;
    } else {
      answer.set("error", bound.error().text());
    }
  }
  std::vector<int> descriptors;
  if (kept != kept_.end()) descriptors.push_back(kept->second.get());
  if (auto sent = socket.send(answer.text(), descriptors); !sent.ok()) {
    log_.warning("a listening socket could not be passed",
                 {{"address", address}, {"error", sent.error()}});
  }
}

}  // namespace berth::app
