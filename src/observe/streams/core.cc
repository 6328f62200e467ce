#include "observe/streams/core.h"

#include <algorithm>

namespace berth::observe::streams {
namespace {

constexpr std::size_t reaped_at_once = 20'000;      // slots of the index in one turn
constexpr std::uint64_t failures_logged_max = 100;  // of one core; all are counted

}  // namespace

WallTime Node::now() const { return core().now(); }

void Node::fail(const Error& error) const { core().fail(links_.exceptions, error); }

StreamCore::StreamCore(Clock& clock, Log log, StreamLimits limits)
    : clock_(clock),
      log_(log),
      limits_(std::move(limits)),
      index_(limits_.index_events_max),
      queue_timer_(*this, [this] { run_queue(); }),
      reaper_(*this, [this] { reap(); }),
      reaper_goes_on_(*this, [this] { reap(); }) {
  begin_turn();
}

StreamCore::~StreamCore() = default;

Result<void> StreamCore::install(std::vector<NamedSpec> specs) {
  for (auto& each : specs) {
    if (each.spec->takes == Takes::vectors) {
      return Error(Code::invalid, "stream '" + each.name + "': " + std::string(each.spec->name()) +
                                      " takes vectors, but comes first");
    }
    auto good = check_shapes(*each.spec);
    if (!good.ok()) {
      return Error(good.error().code(), "stream '" + each.name + "': " + good.error().text());
    }
  }
  begin_turn();
  std::vector<Installed> next;
  for (auto& each : specs) {
    Installed made{structural_hash(*each.spec), each.name, nullptr};
    auto same = std::ranges::find_if(
        installed_, [&](auto& old) { return old.branch && old.hash == made.hash; });
    if (same != installed_.end()) {
      made.branch = std::move(same->branch);
      ++counters_.streams_kept;
    } else {
      made.branch = Branch::make(*this, {each.spec}, nullptr);
    }
    next.push_back(std::move(made));
  }
  installed_ = std::move(next);
  std::erase_if(shared_, [](auto& each) { return each.second.expired(); });
  return {};
}

Result<void> StreamCore::add(Spec spec) {
  TRY(check_shapes(*spec));
  begin_turn();
  added_.push_back(Branch::make(*this, {std::move(spec)}, nullptr));
  return {};
}

void StreamCore::set_limits(StreamLimits limits) {
  limits_ = std::move(limits);
  index_.set_events_max(limits_.index_events_max);
  if (reaper_.running()) start();
}

void StreamCore::start() {
  begin_turn();
  reaper_.every(now_ + limits_.reap_every, limits_.reap_every);
}

void StreamCore::to_streams(const Event& event) {
  for (auto& each : added_) each->take(event);
  for (auto& each : installed_) each.branch->take(event);
}

void StreamCore::inject(Event& event) {
  begin_turn();
  inject_all({&event, 1});
}

void StreamCore::inject_all(std::span<Event> events) {
  begin_turn();
  counters_.events += events.size();
  for (Event& event : events) {
    if (event.time < WallTime() || event.time > latest_time) event.time = now_;
    if (event.ttl <= Duration(0) || event.ttl > longest_ttl) event.ttl = limits_.ttl;
    to_streams(event);
  }
}

bool StreamCore::reinject(const Event& event) {
  if (queue_.size() >= limits_.queue_events_max) {
    ++counters_.dropped;
    return false;
  }
  queue_.push_back(event);
  if (!queue_timer_.running()) queue_timer_.at(now_);
  return true;
}

void StreamCore::run_queue() {
  std::vector<Event> events = std::exchange(queue_, {});
  inject_all(events);
}

const StreamCore::Output* StreamCore::output(std::string_view name) const {
  auto found = outputs_.find(name);
  return found == outputs_.end() ? nullptr : &found->second;
}

void StreamCore::fail(Stream* exceptions, const Error& error) {
  ++counters_.failed;
  if (!exceptions) {
    if (failures_logged_++ < failures_logged_max) {
      log_.warning("a stream could not handle an event", {{"error", error}});
    }
    return;
  }
  // A failure in the stream that takes failures must not come back to it.
  if (std::exchange(failing_, true)) return;
  clear(made_);
  made_.service = "riemann exception";
  made_.state = "error";
  made_.time = now_;
  made_.tags = {"exception", std::string(code_name(error.code()))};
  made_.description = error.text();
  exceptions->take(made_);
  failing_ = false;
}

std::shared_ptr<Branch> StreamCore::shared_branch(const Spec& spec, Stream* exceptions) {
  std::uint64_t hash = structural_hash(*spec);
  if (auto alive = shared_[hash].lock()) return alive;
  auto own = std::make_shared<StreamSpec>(*spec);
  own->shared = false;
  std::shared_ptr<Branch> made = Branch::make(*this, {own}, exceptions);
  shared_[hash] = made;
  return made;
}

Result<void> StreamCore::index_event(const Event& event) {
  TRY(index_.insert(event));
  pubsub_.publish("index", event);
  return {};
}

// riemann core.clj, reaper: what is too old goes to the topic "index" and to all streams.
void StreamCore::reap() {
  std::vector<Event> gone;
  reaped_to_ = index_.expire(now_, reaped_to_, reaped_at_once,
                             [&](const Event& old) { gone.push_back(what_is_kept(old)); });
  if (reaped_to_ != 0) reaper_goes_on_.at(now_);
  for (Event& event : gone) {
    pubsub_.publish("index", event);
    to_streams(event);
  }
}

Event StreamCore::what_is_kept(const Event& old) const {
  Event event;
  clear(event);
  FieldValue value;
  for (auto& name : limits_.expired_keeps) {
    if (name == "all") {
      event = old;
      break;
    }
    Field field(name);
    keep(value, field.get(old));
    field.set(event, value);
  }
  event.state = "expired";
  event.time = now_;
  return event;
}

}  // namespace berth::observe::streams
