#include "bus/subscription_queue.h"

#include <algorithm>

#include "async/clock.h"

namespace berth::bus {
namespace {

constexpr std::size_t chunk_bytes = 256 << 10;
/// How often a service without an address is looked for again.
constexpr Duration no_address_wait = 500ms;
/// After the log could not be read.
constexpr Duration read_error_wait = 1s;
/// A restored time further away than this is not believed: the wall clock was set.
constexpr Duration restored_wait_most = 1h;

}  // namespace

/// Counts a delivery as on its way while it lives.
class SubscriptionQueue::InFlight {
 public:
  InFlight(SubscriptionQueue& queue, std::size_t bytes) : queue_(queue), bytes_(bytes) {
    queue_.in_flight_++;
    queue_.in_flight_bytes_ += bytes_;
    queue_.none_in_flight_.reset();
  }
  InFlight(const InFlight&) = delete;
  ~InFlight() {
    queue_.in_flight_bytes_ -= bytes_;
    if (--queue_.in_flight_ == 0) queue_.none_in_flight_.set();
  }

 private:
  SubscriptionQueue& queue_;
  std::size_t bytes_;
};

SubscriptionQueue::SubscriptionQueue(DeliveryTools& tools, Subscription subscription,
                                     std::uint64_t next)
    : tools_(tools), of_(std::move(subscription)), next_(next) {
  none_in_flight_.set();
}

SubscriptionQueue::SubscriptionQueue(DeliveryTools& tools, std::string topic,
                                     const SavedSubscription& saved)
    : SubscriptionQueue(tools, {std::move(topic), saved.service, saved.path}, saved.next) {
  delivered_ = saved.delivered;
  retried_ = saved.retried;
  for (auto& delivery : saved.open)
    open_[delivery.sequence] = {{}, delivery.attempts, delivery.due};
}

void SubscriptionQueue::restore(const LogRecord& record, const MessageRecord& message) {
  if (!for_us(message)) return;
  if (auto replaced = open_.find(message.replaces); replaced != open_.end()) {
    if (replaced->second.place.segment != 0) backlog_--;
    open_.erase(replaced);
  }
  auto open = open_.find(record.sequence);
  if (record.sequence < next_ && open == open_.end()) return;
  if (open != open_.end()) {
    std::string id = delivery_id(message.id, message.published, of_.service);
    if (tools_.dead.find(of_.topic, id) == record.sequence) {
      open_.erase(open);
      return;
    }
    open->second.place = record.place;
  }
  backlog_++;
}

void SubscriptionQueue::start() {
  Clock& clock = tools_.world.clock;
  auto gone = std::erase_if(open_, [](auto& open) { return open.second.place.segment == 0; });
  if (gone > 0) {
    tools_.log.warning("deliveries whose messages are no longer in the log were left out",
                       {{"topic", of_.topic}, {"service", of_.service}, {"count", gone}});
  }
  for (auto& [sequence, open] : open_) {
    Duration wait = std::clamp(open.due - clock.wall(), Duration(0), restored_wait_most);
    due_.emplace(clock.now() + wait, sequence);
  }
  keeps_up_ = next_ >= tools_.messages.next_sequence();
  cursor_ = tools_.messages.cursor_at(next_);
  started_ = true;
  pump();
}

void SubscriptionQueue::offer(const LogRecord& record, const MessageRecord& message) {
  if (!for_us(message)) return;
  backlog_++;
  if (!keeps_up_) return;
  if (!stopped_ && room() && open_.size() < tools_.options.retry_queue_max) {
    Address to = tools_.resolve(of_.service);
    if (to.family() != Address::Family::none) return begin(record, message, to);
  }
  keeps_up_ = false;
  next_ = record.sequence;
  cursor_ = record.group;
  chunk_ = {};
  chunk_taken_ = 0;
  pump();
}

void SubscriptionQueue::state_written() {
  std::uint64_t written = tools_.state.written_generation();
  auto noted = to_be_noted_.begin();
  for (; noted != to_be_noted_.end() && noted->generation <= written; noted++) {
    due_.emplace(noted->due, noted->sequence);
  }
  to_be_noted_.erase(to_be_noted_.begin(), noted);
  pump();
}

bool SubscriptionQueue::room() const {
  if (in_flight_ == 0) return true;
  return in_flight_ < tools_.options.in_flight_max &&
         in_flight_bytes_ < tools_.options.in_flight_bytes_max;
}

void SubscriptionQueue::pump() {
  if (!started_ || stopped_ || pumping_) return;
  if (due_.empty() && keeps_up_) return;
  TimerQueue& timers = tools_.world.clock.timers();
  MonotonicTime now = tools_.world.clock.now();
  Address to = tools_.resolve(of_.service);
  if (to.family() == Address::Family::none) return timers.arm(*this, now + no_address_wait);
  pumping_ = true;
  begin_due(to);
  begin_fresh(to);
  pumping_ = false;
  // Without room, the next delivery that ends comes here.
  if (!due_.empty() && room()) timers.arm(*this, due_.begin()->first);
}

void SubscriptionQueue::begin_due(const Address& to) {
  MonotonicTime now = tools_.world.clock.now();
  while (room() && !due_.empty() && due_.begin()->first <= now) {
    std::uint64_t sequence = due_.begin()->second;
    due_.erase(due_.begin());
    scope_.add(carry(sequence, open_.at(sequence).place.bytes, std::nullopt, to));
  }
}

void SubscriptionQueue::begin_fresh(const Address& to) {
  while (!keeps_up_ && room() && open_.size() < tools_.options.retry_queue_max) {
    if (begin_from_chunk(to)) continue;
    if (next_ >= tools_.messages.next_sequence()) {
      keeps_up_ = true;
      chunk_ = {};
    } else if (!std::exchange(reading_, true)) {
      scope_.add(read_on());
    } else {
      return;
    }
  }
}

bool SubscriptionQueue::begin_from_chunk(const Address& to) {
  while (chunk_taken_ < chunk_.records.size()) {
    const LogRecord& record = chunk_.records[chunk_taken_++];
    if (record.sequence < next_) continue;
    next_ = record.sequence + 1;
    auto message = decode_message(record.payload);
    check(message.ok(), "a record that was read before cannot be read");
    if (!for_us(*message)) continue;
    begin(record, *message, to);
    return true;
  }
  return false;
}

Deferred<void> SubscriptionQueue::read_on() {
  auto chunk = co_await tools_.messages.read_chunk(cursor_, chunk_bytes).result();
  if (chunk.ok()) {
    chunk_ = std::move(*chunk);
    chunk_taken_ = 0;
    cursor_ = chunk_.next;
    next_ = std::max(next_,
                     chunk_.records.empty() ? cursor_.sequence : chunk_.records.front().sequence);
  } else {
    if (chunk.error().is(Code::cancelled)) co_await fail_with(std::move(chunk).error());
    tools_.log.error("messages to be delivered cannot be read",
                     {{"service", of_.service}, {"error", chunk.error()}});
    co_await tools_.world.clock.after(read_error_wait);
  }
  reading_ = false;
  pump();
}

Delivery SubscriptionQueue::delivery_of(const MessageRecord& message) const {
  return {.message = std::string(message.id),
          .id = delivery_id(message.id, message.published, of_.service),
          .topic = of_.topic,
          .service = of_.service,
          .path = of_.path,
          .published = message.published,
          .content_type = std::string(message.content_type),
          .body = Bytes::copy(message.body)};
}

void SubscriptionQueue::begin(const LogRecord& record, const MessageRecord& message,
                              const Address& to) {
  open_[record.sequence] = {record.place, 0, {}};
  scope_.add(carry(record.sequence, record.place.bytes, delivery_of(message), to));
}

Deferred<void> SubscriptionQueue::carry(std::uint64_t sequence, std::size_t bytes,
                                        std::optional<Delivery> delivery, Address to) {
  {
    InFlight counted(*this, bytes);
    if (!delivery) {
      auto payload = co_await tools_.messages.read(open_.at(sequence).place).result();
      if (payload.ok()) {
        delivery = delivery_of(co_await or_return(decode_message(payload->view())));
      } else {
        if (payload.error().is(Code::cancelled)) co_await fail_with(std::move(payload).error());
        tools_.log.error("a message to be repeated cannot be read",
                         {{"service", of_.service}, {"error", payload.error()}});
        due_.emplace(tools_.world.clock.now() + read_error_wait, sequence);
      }
    }
    if (delivery) co_await deliver(sequence, *delivery, std::move(to));
  }
  pump();
}

Deferred<void> SubscriptionQueue::deliver(std::uint64_t sequence, const Delivery& delivery,
                                          Address to) {
  const BusOptions& options = tools_.options;
  std::uint32_t number = open_.at(sequence).attempts + 1;
  if (number > 1) retried_++;
  Outcome outcome = co_await attempt(tools_.client, tools_.world.clock, std::move(to), delivery,
                                     number, options.delivery_timeout);
  tools_.state.touch();
  if (outcome.kind == Outcome::Kind::acknowledged) {
    delivered_++;
    end(sequence);
  } else if (outcome.kind == Outcome::Kind::refused || number >= options.attempts_max) {
    co_await bury(sequence, delivery, std::move(outcome.why));
  } else {
    Duration wait = back_off(options.retry_first, options.retry_most, number, tools_.world.random);
    repeat(sequence, std::max(wait, outcome.wait_least));
  }
}

Deferred<void> SubscriptionQueue::bury(std::uint64_t sequence, const Delivery& delivery,
                                       std::string why) {
  DeadLetter letter{.id = delivery.id,
                    .message = delivery.message,
                    .topic = delivery.topic,
                    .service = delivery.service,
                    .path = delivery.path,
                    .published = delivery.published,
                    .died = tools_.world.clock.wall(),
                    .attempts = open_.at(sequence).attempts + 1,
                    .why = std::move(why),
                    .content_type = delivery.content_type,
                    .bytes = delivery.body.size(),
                    .body = delivery.body.text()};
  auto added = co_await tools_.dead.add(letter, sequence).result();
  if (!added.ok()) {
    if (added.error().is(Code::cancelled)) co_await fail_with(std::move(added).error());
    tools_.log.warning("a delivery could not become a dead letter; it is repeated",
                       {{"delivery", letter.id}, {"error", added.error()}});
    co_return repeat(sequence, tools_.options.retry_most);
  }
  end(sequence);
  if (tools_.dead_letter_sink) tools_.dead_letter_sink(letter);
}

/// Counts a failed attempt; the next one comes after `wait`, once the count is on disk.
void SubscriptionQueue::repeat(std::uint64_t sequence, Duration wait) {
  Clock& clock = tools_.world.clock;
  Open& open = open_.at(sequence);
  open.attempts++;
  open.due = clock.wall() + wait;
  to_be_noted_.push_back({tools_.state.next_generation(), sequence, clock.now() + wait});
  tools_.state.touch();
}

void SubscriptionQueue::end(std::uint64_t sequence) {
  open_.erase(sequence);
  backlog_--;
  tools_.state.touch();
}

std::uint64_t SubscriptionQueue::next() const {
  return keeps_up_ ? tools_.messages.next_sequence() : next_;
}

std::uint64_t SubscriptionQueue::low_water() const {
  return open_.empty() ? next() : std::min(next(), open_.begin()->first);
}

SavedSubscription SubscriptionQueue::saved() const {
  SavedSubscription saved{of_.service, of_.path, next(), delivered_, retried_, {}};
  saved.open.reserve(open_.size());
  for (auto& [sequence, open] : open_) saved.open.push_back({sequence, open.attempts, open.due});
  return saved;
}

SubscriptionState SubscriptionQueue::state() const {
  return {of_.service, of_.path, backlog_,
          delivered_,  retried_, tools_.dead.count(of_.topic, of_.service)};
}

Deferred<void> SubscriptionQueue::stop() {
  stopped_ = true;
  disarm();
  return none_in_flight_.wait();
}

}  // namespace berth::bus
