#include "bus/bus.h"

#include <algorithm>
#include <set>

#include "async/clock.h"
#include "async/gather.h"
#include "async/random.h"
#include "base/id.h"
#include "base/units.h"
#include "bus/bus_inside.h"
#include "http/h1_writer.h"

namespace berth::bus {
namespace {

constexpr std::size_t sent_at_once = 16;
constexpr std::size_t content_type_bytes_max = 256;
constexpr std::size_t path_bytes_max = 4096;
constexpr std::size_t service_bytes_max = 200;

Result<void> check_subscriptions(const std::vector<Subscription>& subscriptions) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (auto& one : subscriptions) {
    std::string who = "the subscription of '" + one.service + "' to '" + one.topic + "'";
    if (!seen.emplace(one.topic, one.service).second) {
      return Error(Code::invalid, who + " is there twice");
    }
    bool good = one.path.starts_with('/') && one.path.size() <= path_bytes_max &&
                std::ranges::all_of(one.path, [](char c) { return c > ' ' && c < 0x7f; });
    if (!good) {
      return Error(Code::invalid, who + " has the path '" + one.path +
                                      "'; it begins with / and has no blanks, at most 4 KiB");
    }
    if (one.service.empty() || one.service.size() > service_bytes_max ||
        !http::writable_value(one.service)) {
      return Error(Code::invalid, who + " names no service");
    }
  }
  return {};
}

Result<void> check_message(std::string_view content_type, std::size_t bytes,
                           const BusOptions& options) {
  if (content_type.size() > content_type_bytes_max || !http::writable_value(content_type)) {
    return Error(Code::invalid, "a content type has at most 256 characters and no line end");
  }
  if (bytes <= options.message_bytes_max) return {};
  return Error(Code::invalid,
               "a message has at most " +
                   format_size(static_cast<std::int64_t>(options.message_bytes_max)) +
                   "; this one has " + std::to_string(bytes) + " bytes");
}

}  // namespace

Bus::Bus(World& world, Log log, BusOptions options, Resolve resolve, DeadLetterSink sink)
    : inside_(std::make_unique<Inside>(world, log, std::move(options), std::move(resolve),
                                       std::move(sink))) {}
Bus::~Bus() = default;

Deferred<void> Bus::open() { return inside_->open(); }
Deferred<void> Bus::close() { return inside_->close(); }

Deferred<void> Bus::set_subscriptions(std::vector<Subscription> subscriptions) {
  co_await or_return(check_subscriptions(subscriptions));
  for (auto& wanted : subscriptions) {
    co_await or_return(inside_->check_topic(wanted.topic));
  }
  inside_->end_all_but(subscriptions);
  for (auto& wanted : subscriptions) {
    if (auto* queue = inside_->find(wanted.topic, wanted.service)) {
      queue->set_path(wanted.path);
    } else {
      inside_->begin(wanted);
    }
  }
  co_await inside_->state.durable();
}

Deferred<Published> Bus::publish(std::string topic, std::string content_type, std::string body) {
  Inside& in = *inside_;
  auto allowed = in.check_topic(topic);
  if (allowed.ok()) allowed = check_message(content_type, body.size(), in.options);
  if (allowed.ok()) allowed = in.has_room();
  if (!allowed.ok()) return failed<Published>(std::move(allowed).error());
  WallTime now = in.world.clock.wall();
  Published published{make_id(now, in.world.random.next(), in.world.random.next()), 0};
  auto found = in.topics.find(topic);
  if (found != in.topics.end()) published.subscriptions = found->second.subscriptions.size();
  MessageRecord record{.id = published.id,
                       .published = now,
                       .topic = topic,
                       .content_type = content_type,
                       .service = {},
                       .body = {}};
  return in.messages.append(encode_head(record), body)
      .then([published = std::move(published)]() mutable { return std::move(published); });
}

std::vector<TopicState> Bus::topics() const {
  std::vector<TopicState> states;
  MonotonicTime now = inside_->world.clock.now();
  for (auto& [name, topic] : inside_->topics) {
    auto& state =
        states.emplace_back(TopicState{name, topic.published, topic.rate.per_second(now), {}});
    for (auto& [service, queue] : topic.subscriptions)
      state.subscriptions.push_back(queue->state());
  }
  return states;
}

Deferred<std::vector<DeadLetter>> Bus::dead(std::string topic, std::string service,
                                            std::size_t letters_max,
                                            std::size_t body_bytes_max) const {
  co_await or_return(inside_->must_have(topic));
  std::vector<DeadLetter> letters;
  for (auto& id : inside_->dead.list(topic, service, letters_max)) {
    auto letter = co_await inside_->dead.read(topic, id).result();
    if (!letter.ok() && letter.error().is(Code::not_found)) continue;
    letters.push_back(co_await or_return(std::move(letter)));
    std::string& body = letters.back().body;
    if (body.size() > body_bytes_max) body = body.substr(0, body_bytes_max);
  }
  co_return std::move(letters);
}

Deferred<void> Bus::send_again(std::string topic, std::string delivery) {
  return inside_->send_again(std::move(topic), std::move(delivery));
}

Deferred<std::size_t> Bus::send_all_again(std::string topic, std::string service) {
  co_await or_return(inside_->must_have(topic));
  auto ids = inside_->dead.list(topic, service, ~std::size_t{0});
  std::size_t sent = 0;
  while (!ids.empty()) {
    std::vector<Deferred<void>> sending;
    while (!ids.empty() && sending.size() < sent_at_once) {
      sending.push_back(inside_->send_again(topic, std::move(ids.back())));  // oldest first
      ids.pop_back();
    }
    for (auto& result : co_await gather_all(std::move(sending))) {
      bool passed_over =
          !result.ok() && (result.error().is(Code::not_found) || result.error().is(Code::conflict));
      if (passed_over) continue;
      co_await or_return(std::move(result));
      sent++;
    }
  }
  co_return sent;
}

}  // namespace berth::bus
