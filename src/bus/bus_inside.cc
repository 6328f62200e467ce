#include "bus/bus_inside.h"

#include <algorithm>

#include "async/clock.h"
#include "async/gather.h"
#include "base/units.h"

namespace berth::bus {
namespace {

constexpr Duration tend_interval = 10min;
constexpr std::size_t topic_name_max = 200;

bool topic_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

SegmentLogOptions log_options(const BusOptions& options) {
  SegmentLogOptions log;
  log.folder = options.folder + "/log";
  log.segment_bytes = std::clamp<std::uint64_t>(options.log_bytes_max / 16, 64 << 10, 64 << 20);
  log.queue_bytes_max = std::max<std::size_t>(log.queue_bytes_max, 2 * options.message_bytes_max);
  return log;
}

http::ClientOptions client_options(const BusOptions& options) {
  http::ClientOptions client;
  client.idle_per_address_max = options.in_flight_max;
  return client;
}

}  // namespace

void RateWindow::turn(std::int64_t second) {
  std::int64_t first = std::max(newest_ + 1, second - seconds);
  for (std::int64_t s = first; s <= second; s++) counts_[static_cast<std::size_t>(s % 11)] = 0;
  newest_ = std::max(newest_, second);
}

void RateWindow::note(MonotonicTime now) {
  std::int64_t second = now.nanoseconds / 1'000'000'000;
  turn(second);
  counts_[static_cast<std::size_t>(second % 11)]++;
}

double RateWindow::per_second(MonotonicTime now) const {
  RateWindow turned = *this;
  std::int64_t second = now.nanoseconds / 1'000'000'000;
  turned.turn(second);
  double sum = 0;
  for (std::int64_t s = second - seconds; s < second; s++) {
    if (s >= 0) sum += turned.counts_[static_cast<std::size_t>(s % 11)];
  }
  return sum / static_cast<double>(seconds);
}

Bus::Inside::Inside(World& world, Log log, BusOptions given, Resolve resolve, DeadLetterSink sink)
    : world(world),
      log(log),
      options(std::move(given)),
      resolve(std::move(resolve)),
      dead_letter_sink(std::move(sink)),
      client(world.clock, world.network, client_options(options)),
      messages(world, log, log_options(options),
               [this](const LogRecord& record) { synced(record); }),
      dead(world, log, options.folder + "/dead",
           {options.dead_bytes_max, options.dead_letters_max, options.dead_kept}),
      state(
          world, log, options.folder, options.state_interval, [this] { return snapshot(); },
          [this](const SavedState& written) { return state_written(written); }),
      tools{world,    this->log, options, client, this->resolve, dead_letter_sink,
            messages, dead,      state} {}

Deferred<void> Bus::Inside::open() {
  co_await world.disk.make_durable_folder(options.folder);
  auto saved = co_await state.open();
  if (saved) {
    for (auto& topic : saved->topics) {
      Topic& restored = topics[topic.name];
      restored.published = topic.published;
      for (auto& subscription : topic.subscriptions) {
        restored.subscriptions[subscription.service] =
            std::make_unique<SubscriptionQueue>(tools, topic.name, subscription);
      }
    }
  }
  co_await dead.open();
  std::uint64_t counted_before = saved ? saved->next_sequence : 1;
  co_await messages.open(counted_before, [this, counted_before](const LogRecord& record) {
    return restore(record, counted_before);
  });
  if (!saved && messages.next_sequence() > 1) {
    co_await fail_with(Error(
        Code::io, "the bus's state is missing in " + options.folder +
                      ", but its log is there; restore the folder from a backup, or move it away"));
  }
  for (auto& [name, topic] : topics) {
    for (auto& [service, queue] : topic.subscriptions) queue->start();
  }
  state.start();
  opened = true;
  scope.add(tend_dead_letters());
  co_await state.durable();
}

Result<void> Bus::Inside::restore(const LogRecord& record, std::uint64_t counted_before) {
  MessageRecord message = TRY(decode_message(record.payload));
  auto found = topics.find(message.topic);
  if (found == topics.end()) found = topics.emplace(std::string(message.topic), Topic{}).first;
  if (message.service.empty() && record.sequence >= counted_before) found->second.published++;
  if (!message.service.empty()) {
    std::string id = delivery_id(message.id, message.published, message.service);
    dead.settle(message.topic, id, message.replaces, record.sequence);
  }
  for (auto& [service, queue] : found->second.subscriptions) queue->restore(record, message);
  return {};
}

void Bus::Inside::synced(const LogRecord& record) {
  auto message = decode_message(record.payload);
  check(message.ok(), "a message was written that cannot be read");
  auto found = topics.find(message->topic);
  if (found == topics.end()) found = topics.emplace(std::string(message->topic), Topic{}).first;
  if (message->service.empty()) {
    found->second.published++;
    found->second.rate.note(world.clock.now());
    if (options.published) options.published(message->topic, message->body);
  } else {
    std::string id = delivery_id(message->id, message->published, message->service);
    dead.settle(message->topic, id, message->replaces, record.sequence);
  }
  for (auto& [service, queue] : found->second.subscriptions) queue->offer(record, *message);
  state.touch();
}

SavedState Bus::Inside::snapshot() const {
  SavedState saved;
  saved.next_sequence = messages.next_sequence();
  for (auto& [name, topic] : topics) {
    auto& to = saved.topics.emplace_back(SavedTopic{name, topic.published, {}});
    for (auto& [service, queue] : topic.subscriptions) to.subscriptions.push_back(queue->saved());
  }
  return saved;
}

Deferred<void> Bus::Inside::state_written(const SavedState& written) {
  for (auto& [name, topic] : topics) {
    for (auto& [service, queue] : topic.subscriptions) queue->state_written();
  }
  std::uint64_t needed = std::min(written.low_water(), dead.least_note());
  auto removed = co_await messages.forget_before(needed).result();
  if (!removed.ok()) {
    log.warning("a file of delivered messages stays", {{"error", removed.error()}});
  }
}

Deferred<void> Bus::Inside::tend_dead_letters() {
  for (;;) {
    co_await world.clock.after(tend_interval);
    auto tended = co_await dead.tend().result();
    if (!tended.ok()) {
      log.warning("old dead letters could not be cleared away", {{"error", tended.error()}});
    }
  }
}

Result<void> Bus::Inside::check_topic(std::string_view topic) const {
  if (!opened) return Error(Code::closed, "the bus is closed");
  if (topic.empty() || topic.size() > topic_name_max ||
      !std::ranges::all_of(topic, topic_character)) {
    return Error(Code::invalid, "a topic's name is 1 to 200 of a-z A-Z 0-9 . _ -");
  }
  if (topics.size() >= options.topics_max && !topics.contains(topic)) {
    return Error(Code::overloaded,
                 "there are " + std::to_string(topics.size()) + " topics, and no more can be made");
  }
  return {};
}

Result<void> Bus::Inside::has_room() const {
  if (messages.bytes() < options.log_bytes_max) return {};
  std::string text = "the message log is full (" +
                     format_size(static_cast<std::int64_t>(options.log_bytes_max)) + ")";
  const SubscriptionQueue* last = nullptr;
  const std::string* topic_of_last = nullptr;
  for (auto& [name, topic] : topics) {
    for (auto& [service, queue] : topic.subscriptions) {
      if (queue->backlog() == 0 || (last && last->low_water() <= queue->low_water())) continue;
      last = queue.get();
      topic_of_last = &name;
    }
  }
  if (!last) return Error(Code::overloaded, text + "; try again in a second");
  return Error(Code::overloaded, text + ": the subscription of '" + last->service() + "' to '" +
                                     *topic_of_last + "' is behind by " +
                                     std::to_string(last->backlog()) +
                                     " messages; bring that service up, or end its subscription");
}

SubscriptionQueue* Bus::Inside::find(std::string_view topic, std::string_view service) const {
  auto found = topics.find(topic);
  if (found == topics.end()) return nullptr;
  auto queue = found->second.subscriptions.find(service);
  return queue == found->second.subscriptions.end() ? nullptr : queue->second.get();
}

Result<void> Bus::Inside::must_have(std::string_view topic) const {
  if (topics.contains(topic)) return {};
  return Error(Code::not_found, "there is no topic '" + std::string(topic) + "'");
}

void Bus::Inside::begin(const Subscription& subscription) {
  auto queue = std::make_unique<SubscriptionQueue>(tools, subscription, messages.next_sequence());
  queue->start();
  topics[subscription.topic].subscriptions[subscription.service] = std::move(queue);
}

void Bus::Inside::end_all_but(const std::vector<Subscription>& subscriptions) {
  std::set<std::pair<std::string_view, std::string_view>> wanted;
  for (auto& one : subscriptions) wanted.emplace(one.topic, one.service);
  for (auto& [name, topic] : topics) {
    for (auto at = topic.subscriptions.begin(); at != topic.subscriptions.end();) {
      if (wanted.contains({name, at->first})) {
        at++;
        continue;
      }
      scope.add(retire(std::move(at->second)));
      at = topic.subscriptions.erase(at);
    }
  }
  std::erase_if(topics, [](auto& topic) {
    return topic.second.published == 0 && topic.second.subscriptions.empty();
  });
}

/// What it was delivering is cancelled and has ended before it goes.
Deferred<void> Bus::Inside::retire(std::unique_ptr<SubscriptionQueue> queue) {
  co_await queue->close();
}

Deferred<void> Bus::Inside::close() {
  opened = false;
  std::vector<Deferred<void>> stopping;
  for (auto& [name, topic] : topics) {
    for (auto& [service, queue] : topic.subscriptions) stopping.push_back(queue->stop());
  }
  std::ignore =
      co_await with_timeout(world.clock, options.close_grace, gather_results(std::move(stopping)))
          .result();
  co_await messages.close();
  for (auto& [name, topic] : topics) {
    for (auto& [service, queue] : topic.subscriptions) co_await queue->close();
  }
  co_await scope.close();
  co_await dead.close();
  co_await state.close();
}

Deferred<void> Bus::Inside::send_again(std::string topic, std::string delivery) {
  co_await or_return(must_have(topic));
  std::uint64_t sequence = dead.find(topic, delivery);
  DeadLetter letter = co_await dead.read(topic, delivery);
  if (!find(topic, letter.service)) {
    co_await fail_with(Error(Code::conflict, "'" + letter.service + "' is not subscribed to '" +
                                                 topic +
                                                 "' any more; subscribe it, then send again"));
  }
  co_await or_return(has_room());
  struct Sending {
    std::set<std::string>& all;
    std::string id;
    bool first;
    Sending(std::set<std::string>& all, const std::string& id)
        : all(all), id(id), first(all.insert(id).second) {}
    ~Sending() {
      if (first) all.erase(id);
    }
  } sending(sending_again, delivery);
  if (!sending.first) {
    co_await fail_with(Error(Code::conflict, "'" + delivery + "' is being sent again already"));
  }
  MessageRecord record{.id = letter.message,
                       .published = letter.published,
                       .topic = topic,
                       .content_type = letter.content_type,
                       .service = letter.service,
                       .replaces = sequence,
                       .body = {}};
  std::string head = encode_head(record);
  co_await messages.append(head, letter.body);
}

}  // namespace berth::bus
