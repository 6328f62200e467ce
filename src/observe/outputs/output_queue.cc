#include "observe/outputs/output_queue.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "async/clock.h"
#include "async/random.h"
#include "base/id.h"
#include "base/sealed.h"
#include "base/varint.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {
namespace {

constexpr std::string_view lane_names[] = {"low", "usual", "high"};
constexpr std::string_view places_magic = "BRTHPLC1";
constexpr std::size_t places_bytes_max = 256 << 10;
constexpr std::size_t place_record_bytes_max = 1024;
constexpr Duration disk_retry = 1s;

struct Places {
  std::string id;
  std::array<QueuePlace, 3> done;
  std::array<QueuePlace, 3> under_way;  // file 0: none
};

void append_places(std::string& out, const Places& places) {
  std::string body;
  append_sized(body, places.id);
  for (std::size_t i = 0; i < places.done.size(); ++i) {
    for (auto& place : {places.done[i], places.under_way[i]}) {
      append_varint(body, place.file);
      append_varint(body, place.offset);
    }
  }
  append_sealed(out, body);
}

std::optional<Places> take_places(std::string_view& text) {
  auto body = take_sealed(text, place_record_bytes_max);
  if (!body) return std::nullopt;
  Places out;
  auto id = take_sized(*body);
  if (!id) return std::nullopt;
  out.id = *id;
  for (std::size_t i = 0; i < out.done.size(); ++i) {
    for (auto* place : {&out.done[i], &out.under_way[i]}) {
      auto file = take_varint(*body);
      auto offset = file ? take_varint(*body) : std::nullopt;
      if (!offset || *file > 0xffff'ffffU) return std::nullopt;
      *place = {static_cast<std::uint32_t>(*file), *offset};
    }
  }
  return out;
}

}  // namespace

Importance importance_of(const Event& event) {
  if (event.state == "critical" || streams::has_tag(event, "alert") ||
      streams::has_tag(event, "annotation")) {
    return Importance::high;
  }
  return streams::has_tag(event, "low") ? Importance::low : Importance::usual;
}

OutputQueue::OutputQueue(World& world, Log log, std::string name, std::unique_ptr<Output> output,
                         QueueOptions options)
    : world_(world),
      log_(log),
      name_(std::move(name)),
      output_(std::move(output)),
      options_(std::move(options)) {
  std::uint64_t file_bytes = std::min(options_.file_bytes, options_.bytes_max / 8);
  for (std::size_t i = 0; i < lanes; ++i) {
    lanes_[i] = std::make_unique<DiskQueue>(world_.disk, options_.folder,
                                            std::string(lane_names[i]), file_bytes);
  }
}

OutputQueue::~OutputQueue() = default;

std::size_t OutputQueue::batch_max() const {
  std::size_t most = output_->batch_max();
  return options_.batch_max > 0 ? std::min(options_.batch_max, most) : most;
}

std::uint64_t OutputQueue::waiting() const {
  std::uint64_t all = 0;
  for (auto& lane : lanes_) all += lane->events();
  return all;
}

std::uint64_t OutputQueue::waiting_bytes() const {
  std::uint64_t all = 0;
  for (auto& lane : lanes_) all += lane->bytes();
  return all;
}

std::uint64_t OutputQueue::damaged() const {
  std::uint64_t all = 0;
  for (auto& lane : lanes_) all += lane->damaged();
  return all;
}

Duration OutputQueue::lag() const {
  Duration most{};
  WallTime now = world_.clock.wall();
  for (auto& lane : lanes_) {
    if (lane->events() > 0) most = std::max(most, now - lane->oldest());
  }
  return most;
}

Deferred<void> OutputQueue::open() {
  co_await world_.disk.make_durable_folder(options_.folder);
  co_await read_places();
  places_noted_ = false;
  co_await note_places();
  scope_.add(send_forever());
  scope_.add(sync_forever());
}

Deferred<void> OutputQueue::close() {
  co_await scope_.close();
  co_await commit();
  for (auto& lane : lanes_) co_await lane->sync();
}

Result<void> OutputQueue::accept(const Event& event) {
  if (!output_->wants(event)) {
    ++counters_.unwanted;
    return {};
  }
  std::size_t unwritten = 0;
  for (auto& lane : lanes_) unwritten += lane->unwritten_bytes();
  if (unwritten > options_.unwritten_bytes_max) {
    ++counters_.dropped;
    return Error(Code::overloaded, "the output " + name_ + " waits for the disk already");
  }
  Importance importance = importance_of(event);
  ++counters_.accepted;
  lanes_[static_cast<Lane>(importance)]->append(world_.clock.wall(), event);
  work_.set();
  if (importance == Importance::high) urgent_.set();
  if (importance == Importance::high || waiting() >= batch_max()) hurry_.set();
  return {};
}

Deferred<void> OutputQueue::commit() {
  auto permit = co_await disk_.acquire();
  co_await write_lanes();
}

/// Under the lock. What is too much is dropped first, of the least important lane that has any.
Deferred<void> OutputQueue::write_lanes() {
  while (waiting_bytes() > options_.bytes_max) {
    auto lane = std::ranges::find_if(lanes_, [](auto& each) { return each->events() > 0; });
    if (lane == lanes_.end()) break;
    std::uint64_t lost = co_await (*lane)->drop_oldest();
    counters_.dropped += lost;
    log_.warning("a queue is full; its oldest events are dropped",
                 {{"output", name_}, {"importance", (*lane)->name()}, {"events", lost}});
  }
  for (auto& lane : lanes_) co_await lane->write();
}

Deferred<void> OutputQueue::read_places() {
  places_ = co_await world_.disk.open(options_.folder + "/places", OpenMode::write);
  std::uint64_t size = co_await places_->size();
  Bytes bytes = co_await places_->read(0, std::min<std::uint64_t>(size, 2 * places_bytes_max));
  std::string_view text = bytes.view();
  Places last;
  if (text.starts_with(places_magic)) {
    text.remove_prefix(places_magic.size());
    while (auto places = take_places(text)) last = std::move(*places);
  }
  id_ = last.id.empty() ? make_id(world_.clock.wall(), world_.random.next(), world_.random.next())
                        : last.id;
  for (std::size_t i = 0; i < lanes; ++i) {
    if (last.under_way[i].file != 0) under_way_[i] = last.under_way[i];
    co_await lanes_[i]->open(last.done[i]);
  }
  places_bytes_ = places_bytes_max;  // the next note begins the file anew
}

/// What is done, and what is under way, before it is: so that it is the same after a restart.
Deferred<void> OutputQueue::note_places() {
  if (places_noted_) co_return;
  Places places;
  places.id = id_;
  for (std::size_t i = 0; i < lanes; ++i) {
    places.done[i] = lanes_[i]->done();
    if (under_way_[i]) places.under_way[i] = *under_way_[i];
  }
  std::string record;
  append_places(record, places);
  if (places_bytes_ + record.size() > places_bytes_max) {
    std::string path = options_.folder + "/places";
    std::string whole = std::string(places_magic) + record;
    std::uint64_t size = whole.size();
    co_await world_.disk.replace_file(path, std::move(whole));
    places_ = co_await world_.disk.open(path, OpenMode::write);
    places_bytes_ = size;
  } else {
    std::uint64_t size = record.size();
    co_await places_->write(places_bytes_, Bytes::copy(record));
    places_bytes_ += size;
  }
  places_noted_ = true;
}

Deferred<void> OutputQueue::sync_forever() {
  for (;;) {
    co_await world_.clock.after(options_.sync_every);
    auto permit = co_await disk_.acquire();
    for (auto& lane : lanes_) {
      auto synced = co_await lane->sync().result();
      if (!synced.ok()) log_.error("a queue is not synced", {{"error", synced.error()}});
    }
  }
}

std::optional<OutputQueue::Lane> OutputQueue::lane_with_work() const {
  for (Lane lane = lanes; lane-- > 0;) {
    if (lanes_[lane]->written_events() > 0) return lane;
  }
  return std::nullopt;
}

bool OutputQueue::more_important_waits(Lane lane) const {
  for (Lane other = lane + 1; other < lanes; ++other) {
    if (lanes_[other]->events() > 0) return true;
  }
  return false;
}

/// Until there is a whole batch, something important, or `delay` since the last batch is over.
Deferred<void> OutputQueue::gather() {
  Duration since = world_.clock.now() - batch_begun_;
  Duration left = batch_begun_ == MonotonicTime{} ? options_.delay : options_.delay - since;
  bool full = waiting() >= batch_max() || lanes_[lanes - 1]->events() > 0;
  if (full || left <= Duration(0)) co_return;
  hurry_.reset();
  auto waited = co_await with_timeout(world_.clock, left, hurry_.wait()).result();
  if (!waited.ok() && waited.error().is(Code::cancelled)) {
    co_await fail_with(std::move(waited).error());
  }
}

Deferred<void> OutputQueue::send_forever() {
  for (;;) {
    work_.reset();
    if (waiting() > 0) co_await gather();
    auto written = co_await commit().result();
    if (!written.ok()) {
      log_.error("a queue is not written", {{"output", name_}, {"error", written.error()}});
      co_await world_.clock.after(disk_retry);
    }
    auto lane = lane_with_work();
    if (lane) {
      auto done = co_await send_batch(*lane).result();
      if (done.ok()) continue;
      log_.error("a queue is not read", {{"output", name_}, {"error", done.error()}});
      co_await world_.clock.after(disk_retry);
      continue;
    }
    if (!written.ok()) continue;
    auto noted = co_await note_places().result();
    if (!noted.ok()) log_.error("a queue's places are not written", {{"error", noted.error()}});
    co_await work_.wait();
  }
}

Deferred<void> OutputQueue::send_batch(Lane lane) {
  batch_begun_ = world_.clock.now();
  QueueBatch batch;
  {
    auto permit = co_await disk_.acquire();
    batch = co_await lanes_[lane]->read(batch_max(), under_way_[lane]);
    under_way_[lane].reset();
    if (batch.events.empty()) co_return;
    under_way_[lane] = batch.to;
    places_noted_ = false;
    co_await note_places();
  }
  bool done = co_await deliver(lane, batch);
  if (!done) co_return;
  auto permit = co_await disk_.acquire();
  under_way_[lane].reset();
  places_noted_ = false;
  co_await lanes_[lane]->pass(batch.to, batch.events.size());
}

Deferred<Attempt> OutputQueue::attempt(std::span<const Event> events, std::string key) {
  ++counters_.attempts;
  auto sending = output_->send(events, std::move(key));
  auto made = co_await with_timeout(world_.clock, options_.timeout, std::move(sending)).result();
  if (made.ok()) co_return std::move(*made);
  if (made.error().is(Code::cancelled)) co_await fail_with(std::move(made).error());
  co_return Attempt::again(events.size(), made.error().text());
}

Deferred<bool> OutputQueue::deliver(Lane lane, const QueueBatch& batch) {
  MonotonicTime begun = world_.clock.now();
  std::span<const Event> all(batch.events);
  struct Part {
    std::size_t from;
    std::size_t to;
  };
  std::vector<Part> parts{{0, all.size()}};
  std::size_t attempts_left = options_.parts_max;
  while (!parts.empty()) {
    auto [from, to] = parts.back();
    std::string key = fmt::format("{}-{}-{}-{}-{}-{}", id_, lane_names[lane], batch.from.file,
                                  batch.from.offset, from, to);
    Attempt made = co_await attempt(all.subspan(from, to - from), std::move(key));
    std::size_t count = std::clamp<std::size_t>(made.count, 1, to - from);
    made.count = count;
    if (made.outcome == Attempt::Outcome::again) {
      note(made);
      if (world_.clock.now() - begun >= options_.give_up) {
        counters_.given_up += to - from;
        parts.pop_back();
        continue;
      }
      co_await back_off(lane, made);
      if (more_important_waits(lane)) co_return false;
      continue;
    }
    parts.pop_back();
    if (from + count < to) parts.push_back({from + count, to});
    bool halve = made.outcome == Attempt::Outcome::refused && count > 1 && attempts_left > 0;
    if (halve) {
      --attempts_left;
      std::size_t middle = from + count / 2;
      parts.push_back({middle, from + count});
      parts.push_back({from, middle});
    } else {
      note(made);
    }
  }
  co_return true;
}

void OutputQueue::note(const Attempt& attempt) {
  if (attempt.outcome == Attempt::Outcome::taken) {
    counters_.sent += attempt.count;
    if (!attempt.confirmed) counters_.unconfirmed += attempt.count;
    if (failures_ > 0) log_.info("an output takes events again", {{"output", name_}});
    failures_ = 0;
    trouble_.clear();
    return;
  }
  ++counters_.failed_attempts;
  if (attempt.outcome == Attempt::Outcome::refused) {
    counters_.refused += attempt.count;
    log_.warning("an output refused events; they are dropped",
                 {{"output", name_}, {"events", attempt.count}, {"reason", attempt.reason}});
    return;
  }
  if (failures_ == 0 || attempt.reason != trouble_) {
    log_.warning("an output is not reached; its events wait",
                 {{"output", name_}, {"reason", attempt.reason}});
  }
  ++failures_;
  trouble_ = attempt.reason;
}

/// Full jitter (Exponential Backoff And Jitter, AWS Architecture Blog), above what the peer asked
/// for. What is more important ends the wait, unless the peer asked for one.
Deferred<void> OutputQueue::back_off(Lane lane, const Attempt& attempt) {
  double bound = static_cast<double>(options_.retry_first.count());
  for (int i = 1; i < failures_ && bound < static_cast<double>(options_.retry_most.count()); ++i) {
    bound *= 2;
  }
  bound = std::min(bound, static_cast<double>(options_.retry_most.count()));
  Duration drawn(static_cast<std::int64_t>(world_.random.unit() * bound));
  Duration wait = attempt.wait + drawn;
  if (attempt.wait > Duration(0) || lane == lanes - 1) {
    co_await world_.clock.after(wait);
    co_return;
  }
  urgent_.reset();
  auto waited = co_await with_timeout(world_.clock, wait, urgent_.wait()).result();
  if (!waited.ok() && waited.error().is(Code::cancelled)) {
    co_await fail_with(std::move(waited).error());
  }
}

}  // namespace berth::observe
