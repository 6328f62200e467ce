#include "bus/bus_routes.h"

#include "base/json.h"
#include "base/units.h"

namespace berth::bus {
namespace {

constexpr std::size_t letters_max = 200;
constexpr std::size_t letter_body_bytes_max = 4096;
constexpr std::size_t message_bytes_max = 1 << 20;
constexpr std::size_t request_bytes_max = 64 << 10;

std::int64_t milliseconds(WallTime time) { return time.nanoseconds / 1'000'000; }

http::ServerResponse accepted(std::function<void(JsonWriter&)> members, const RevisionNow& revision,
                              std::string_view text) {
  std::string json;
  JsonWriter out(json);
  out.begin_object();
  members(out);
  out.member("revision", revision ? revision() : 0);
  out.member("text", text).end_object();
  return http::ServerResponse::json(std::move(json), 202);
}

Deferred<http::ServerResponse> publish(http::ServerRequest& request, Bus& bus,
                                       const RevisionNow& revision) {
  auto body = co_await request.body(message_bytes_max).result();
  if (!body.ok() && body.error().is(Code::overloaded)) {
    co_return http::ServerResponse::problem(
        413, "a message has at most " + format_size(message_bytes_max));
  }
  std::string text = co_await or_return(std::move(body));
  std::string_view type = request.head.headers.value("content-type");
  Published published = co_await bus.publish(
      std::string(request.parameter("topic")),
      std::string(type.empty() ? "application/octet-stream" : type), std::move(text));
  co_return accepted(
      [&](JsonWriter& out) {
        out.member("id", published.id).member("subscriptions", published.subscriptions);
      },
      revision, "published");
}

Deferred<http::ServerResponse> list_topics(Bus& bus) {
  std::string json;
  JsonWriter out(json);
  out.begin_object().key("topics").begin_array();
  for (auto& topic : bus.topics()) write_topic(out, topic);
  out.end_array().end_object();
  return ready(http::ServerResponse::json(std::move(json)));
}

void write_letter(JsonWriter& out, const DeadLetter& letter) {
  out.begin_object();
  out.member("id", letter.id).member("message", letter.message);
  out.member("service", letter.service).member("path", letter.path);
  out.member("published", milliseconds(letter.published)).member("died", milliseconds(letter.died));
  out.member("attempts", letter.attempts).member("why", letter.why);
  out.member("bytes", letter.bytes).member("body", letter.body).end_object();
}

Deferred<http::ServerResponse> list_dead(http::ServerRequest& request, Bus& bus) {
  auto letters = co_await bus.dead(std::string(request.parameter("topic")),
                                   request.query("service"), letters_max, letter_body_bytes_max);
  std::string json;
  JsonWriter out(json);
  out.begin_object().key("dead").begin_array();
  for (auto& letter : letters) write_letter(out, letter);
  out.end_array().end_object();
  co_return http::ServerResponse::json(std::move(json));
}

Deferred<http::ServerResponse> send_one_again(http::ServerRequest& request, Bus& bus,
                                              const RevisionNow& revision) {
  co_await bus.send_again(std::string(request.parameter("topic")),
                          std::string(request.parameter("id")));
  co_return accepted([](JsonWriter& out) { out.member("sent", 1); }, revision, "1 sent again");
}

Deferred<http::ServerResponse> send_all_again(http::ServerRequest& request, Bus& bus,
                                              const RevisionNow& revision) {
  std::string text = co_await request.body(request_bytes_max);
  std::string service;
  if (!text.empty()) {
    Json given = co_await or_return(Json::parse(text));
    if (!given.is_object()) co_return Error(Code::invalid, "the body is no JSON object");
    if (given.find("service")) service = co_await or_return(given.string_at("service"));
  }
  std::size_t sent = co_await bus.send_all_again(std::string(request.parameter("topic")), service);
  co_return accepted([sent](JsonWriter& out) { out.member("sent", sent); }, revision,
                     std::to_string(sent) + " sent again");
}

}  // namespace

void write_topic(JsonWriter& out, const TopicState& topic) {
  out.begin_object().member("name", topic.name).member("published", topic.published);
  out.member("per_second", topic.per_second).key("subscriptions").begin_array();
  for (auto& subscription : topic.subscriptions) {
    out.begin_object();
    out.member("service", subscription.service).member("path", subscription.path);
    out.member("backlog", subscription.backlog).member("delivered", subscription.delivered);
    out.member("retried", subscription.retried).member("dead", subscription.dead).end_object();
  }
  out.end_array().end_object();
}

void add_bus_routes(http::Router& router, Bus& bus, RevisionNow revision) {
  using Request = http::ServerRequest;
  router.add("POST", "/v1/topics/:topic",
             [&bus, revision](Request& request) { return publish(request, bus, revision); });
  router.add("GET", "/v1/topics", [&bus](Request&) { return list_topics(bus); });
  router.add("GET", "/v1/topics/:topic/dead",
             [&bus](Request& request) { return list_dead(request, bus); });
  router.add("POST", "/v1/topics/:topic/dead/send_again",
             [&bus, revision](Request& request) { return send_all_again(request, bus, revision); });
  router.add("POST", "/v1/topics/:topic/dead/:id/send_again",
             [&bus, revision](Request& request) { return send_one_again(request, bus, revision); });
}

}  // namespace berth::bus
