#include "observe/line_queue.h"

#include "async/clock.h"
#include "observe/log_level.h"

namespace berth::observe {
namespace {

/// How full the spill may be for a line of that level.
double share_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return 0.5;
    case LogLevel::info:
      return 0.75;
    case LogLevel::warning:
      return 0.95;
    default:
      return 1;
  }
}

}  // namespace

LineQueue::LineQueue(World& world, Log log, LineIntake& intake, const std::string& folder,
                     LineQueueLimits limits)
    : world_(world),
      log_(log),
      intake_(intake),
      limits_(limits),
      journal_(world, log, folder),
      spill_(world, log, folder) {}

Deferred<void> LineQueue::open(std::uint64_t counted) {
  co_await journal_.open(counted, [this](const LogLine& line) { intake_.note(line); });
  counted_ = journal_.last();
  co_await spill_.open();
  spilling_ = !spill_.empty();
  if (spilling_) wanted_.set();
  scope_.add(handle_forever());
  scope_.add(write_spill());
}

Deferred<void> LineQueue::close() {
  co_await scope_.close();
  while (!memory_.empty()) {
    std::string_view record = memory_.front();
    handle(record);
    memory_.pop_front();
  }
  (void)co_await spill_.write().result();
}

/// Nobody waits before it, and this turn has not taken long yet.
bool LineQueue::may_go_at_once() const {
  return memory_.empty() && world_.clock.exact_now() - world_.clock.now() < limits_.turn_max;
}

void LineQueue::hold(std::uint64_t number, const LogLine& line) {
  std::string record;
  append_journal_record(record, number, line);
  memory_bytes_ += record.size();
  memory_.push_back(std::move(record));
  wanted_.set();
}

void LineQueue::take_kept(const LogLine& line) {
  journal_.append(line);
  if (!may_go_at_once()) return hold(journal_.last(), line);
  intake_.note(line);
  counted_ = journal_.last();
}

void LineQueue::take_slow(const LogLine& line) {
  if (!may_go_at_once()) return hold(0, line);
  intake_.note(line);
}

void LineQueue::take(const LogLine& line) {
  if (spilling_ || memory_bytes_ > limits_.memory_bytes_max) return spill(line);
  take_slow(line);
}

void LineQueue::spill(const LogLine& line) {
  LogLevel level = line.level ? *line.level : log_level_of(line.text);
  double most = static_cast<double>(limits_.spill_bytes_max) * share_of(level);
  if (static_cast<double>(spill_.bytes()) < most && spill_.add(line)) {
    ++spilled_;
    spilling_ = true;
    to_spill_.set();
    wanted_.set();
    return;
  }
  ++dropped_[{std::string(line.input), level}];
  if (std::exchange(told_, true)) return;
  log_.error("lines are dropped: they come faster than they are handled, and there is no more room",
             {{"input", line.input}, {"level", log_level_name(level)}});
}

Deferred<void> LineQueue::room() {
  if (memory_bytes_ <= limits_.memory_bytes_max) return ready();
  return room_.wait();
}

Deferred<void> LineQueue::commit() {
  co_await journal_.commit();
  for (std::size_t i = 0; i < commits_.size(); ++i) co_await commits_[i]();
  co_await room();
}

void LineQueue::handle(std::string_view& records) {
  auto record = take_journal_record(records);
  if (!record) {
    records = {};
    return;
  }
  intake_.note(record->line);
  if (record->number > 0) counted_ = record->number;
}

Deferred<void> LineQueue::write_spill() {
  for (;;) {
    co_await to_spill_.wait();
    to_spill_.reset();
    auto written = co_await spill_.write().result();
    if (written.ok()) continue;
    if (written.error().is(Code::cancelled)) co_return;
    log_.warning("lines cannot be spilled", {{"error", written.error()}});
    co_await world_.clock.after(1s);
    to_spill_.set();
  }
}

Deferred<void> LineQueue::handle_forever() {
  std::string file;  // of the spill, and what is left of it
  std::string_view left;
  for (;;) {
    if (memory_.empty() && left.empty()) {
      if (spilling_) {
        file = co_await spill_.take_file();
        left = file;
        spilling_ = !left.empty() || !spill_.empty();
        if (!spilling_) told_ = false;
        continue;
      }
      wanted_.reset();
      co_await wanted_.wait();
    }
    MonotonicTime end = world_.clock.exact_now() + limits_.turn_max;
    do {
      if (memory_.empty()) {
        handle(left);
        continue;
      }
      std::string_view record = memory_.front();
      memory_bytes_ -= record.size();
      handle(record);
      memory_.pop_front();
    } while ((!memory_.empty() || !left.empty()) && world_.clock.exact_now() < end);
    while (!room_.empty() && memory_bytes_ <= limits_.memory_bytes_max / 2) room_.wake();
    co_await world_.clock.after(0ns);
  }
}

}  // namespace berth::observe
