#include "observe/streams/riemann_web.h"

#include "async/gather.h"
#include "async/sync.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/event_stream.h"
#include "observe/streams/event_json.h"

namespace berth::observe::streams {
namespace {

using http::ServerRequest;
using http::ServerResponse;
using http::WebSocket;

/// An event as text for each that is popped; ended once the reader was too slow.
struct Outbox {
  explicit Outbox(std::size_t waiting_max) : waiting(waiting_max) {}
  Queue<std::string> waiting;
  bool overrun = false;
};

Deferred<void> send_all(WebSocket& socket, Outbox& outbox) {
  while (!outbox.overrun) {
    std::string text = co_await outbox.waiting.pop();
    co_await socket.send({std::move(text), true});
  }
  co_await fail_with(Error::overloaded());
}

/// Until the peer closes; what it sends is of no interest.
Deferred<void> listen_to(WebSocket& socket) {
  while (co_await socket.receive()) {
  }
}

Deferred<ServerResponse> at_once(ServerResponse response) { return ready(std::move(response)); }

}  // namespace

Result<RiemannWeb::SharedQuery> RiemannWeb::query_of(const ServerRequest& request) {
  std::string text = request.query("query");
  if (text.empty()) {
    return Error(Code::invalid, "the query is missing: ?query=true finds everything");
  }
  return std::make_shared<const Query>(TRY(Query::parse(text)));
}

Result<std::vector<std::string>> RiemannWeb::indexed(const Query& query) const {
  std::vector<std::string> out;
  core_.index().search(query, limits_.index_events_max + 1,
                       [&](const Event& event) { out.push_back(event_json(event)); });
  if (out.size() <= limits_.index_events_max) return out;
  return Error(Code::invalid, "the query finds more than " +
                                  std::to_string(limits_.index_events_max) +
                                  " events; ask for fewer");
}

void RiemannWeb::add_websocket_routes(http::Router& router) {
  router.add("GET", "/index",
             [this](ServerRequest& request) { return at_once(open_index(request)); });
  router.add("GET", "/pubsub/:topic",
             [this](ServerRequest& request) { return at_once(open_topic(request)); });
  router.add("GET", "/events",
             [this](ServerRequest& request) { return at_once(open_events(request)); });
  for (auto* method : {"PUT", "POST"}) {
    router.add(method, "/events", [this](ServerRequest& request) { return put_events(request); });
  }
}

void RiemannWeb::add_event_stream_routes(http::Router& router) {
  router.add("GET", "/index",
             [this](ServerRequest& request) { return at_once(stream_index(request)); });
}

ServerResponse RiemannWeb::open_index(ServerRequest& request) {
  auto query = query_of(request);
  if (!query.ok()) return ServerResponse::problem(400, query.error().message());
  bool subscribe = request.query("subscribe") == "true";
  return http::accept_websocket(
      request, core_.clock(),
      [this, query = *query, subscribe](WebSocket& socket) {
        return subscribe ? tell(socket, "index", query, true) : tell_index(socket, query);
      },
      limits_.websocket);
}

ServerResponse RiemannWeb::open_topic(ServerRequest& request) {
  auto query = query_of(request);
  if (!query.ok()) return ServerResponse::problem(400, query.error().message());
  std::string topic(request.parameter("topic"));
  return http::accept_websocket(
      request, core_.clock(),
      [this, query = *query, topic](WebSocket& socket) {
        return tell(socket, topic, query, false);
      },
      limits_.websocket);
}

ServerResponse RiemannWeb::open_events(ServerRequest& request) {
  return http::accept_websocket(
      request, core_.clock(), [this](WebSocket& socket) { return take_events(socket); },
      limits_.websocket);
}

Deferred<void> RiemannWeb::tell_index(WebSocket& socket, SharedQuery query) {
  auto found = co_await or_return(indexed(*query));
  for (auto& text : found) co_await socket.send({std::move(text), true});
}

// What is in the index is looked at when it is listened to already: nothing comes in between.
Deferred<void> RiemannWeb::tell(WebSocket& socket, std::string topic, SharedQuery query,
                                bool with_index) {
  Outbox outbox(limits_.waiting_events_max);
  auto listening = core_.pubsub().subscribe(std::move(topic), [&outbox, query](const Event& event) {
    if (!query->matches(event) || outbox.overrun) return;
    outbox.overrun = !outbox.waiting.try_push(event_json(event));
  });
  if (!listening) co_await fail_with(Error::overloaded());
  if (with_index) co_await tell_index(socket, query);
  auto works = together<void>(send_all(socket, outbox), listen_to(socket));
  auto first = co_await race(std::move(works));
  if (outbox.overrun) log_.info("a reader of events was too slow and was cut off", {});
  co_await or_return(std::move(first.result));
}

Deferred<void> RiemannWeb::take_events(WebSocket& socket) {
  while (auto message = co_await socket.receive()) {
    co_await socket.send({take_event(message->content), true});
  }
}

std::string RiemannWeb::take_event(std::string_view text) {
  auto json = Json::parse(text);
  auto event = json.ok() ? event_of_json(*json) : Result<Event>(json.error());
  if (!event.ok()) {
    Json out = Json::object();
    out.set("error", event.error().text());
    return out.text();
  }
  core_.inject(*event);
  return "{}";
}

Deferred<ServerResponse> RiemannWeb::put_events(ServerRequest& request) {
  std::string body = co_await request.body(limits_.body_bytes_max);
  std::string out;
  for (auto line : berth::split(body, '\n')) {
    if (trim(line).empty()) continue;
    out += take_event(line) + "\n";
  }
  co_return ServerResponse::json(std::move(out));
}

ServerResponse RiemannWeb::stream_index(ServerRequest& request) {
  auto query = query_of(request);
  if (!query.ok()) return ServerResponse::problem(400, query.error().message());
  auto found = indexed(**query);
  if (!found.ok()) return ServerResponse::problem(400, found.error().message());
  std::size_t bytes = 0;
  for (auto& text : *found) bytes += text.size() + 32;
  auto pipe = http::make_event_pipe(core_.clock(), bytes + (1 << 20));
  for (auto& text : *found) pipe.sender->send("", text);
  struct Watch {
    std::shared_ptr<http::EventSender> sender;
    PubSub::Subscription listening;
  };
  auto watch = std::make_shared<Watch>(Watch{pipe.sender, {}});
  watch->listening = core_.pubsub().subscribe("index", [watch, query = *query](const Event& event) {
    bool open = watch->sender->open();
    if (open && query->matches(event)) open = watch->sender->send("", event_json(event));
    if (!open) PubSub::Subscription ended = std::move(watch->listening);
  });
  if (!watch->listening) return ServerResponse::problem(Error::overloaded());
  return http::event_stream(std::move(pipe.body));
}

}  // namespace berth::observe::streams
