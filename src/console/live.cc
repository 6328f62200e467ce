#include "console/live.h"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include "async/clock.h"
#include "console/series_view.h"
#include "http/event_stream.h"

namespace berth::console {

/// What Live and its readers have in common; lives as long as the last of them.
struct Live::Shared {
  explicit Shared(Clock& clock) : clock(clock) {}
  Clock& clock;
  std::vector<Reader*> readers;
  bool closed = false;
};

/// One stream. States of before that were not read are replaced, points wait in order.
class Live::Reader final : public http::BodySource {
 public:
  Reader(std::shared_ptr<Shared> shared, std::string service)
      : shared_(std::move(shared)), service_(std::move(service)) {
    shared_->readers.push_back(this);
  }
  ~Reader() override { std::erase(shared_->readers, this); }

  const std::string& service() const { return service_; }

  void give_states(Bytes state, Bytes detail) {
    state_ = std::move(state);
    detail_ = std::move(detail);
    wake();
  }
  void give_point(Bytes point) {
    if (points_.size() == points_waiting_max) {
      overrun_ = true;
    } else {
      points_.push_back(std::move(point));
    }
    wake();
  }
  void wake() {
    if (!waiting_.empty()) waiting_.wake();
  }

  Deferred<Bytes> read() override {
    if (!std::exchange(begun_, true)) co_return Bytes::literal(http::stream_begin);
    while (!shared_->closed && !overrun_ && state_.empty() && points_.empty()) {
      auto woken =
          co_await with_timeout(shared_->clock, http::heartbeat_every, waiting_.wait()).result();
      if (!woken.ok() && woken.error().is(Code::timed_out))
        co_return Bytes::literal(http::heartbeat);
      co_await or_return(std::move(woken));
    }
    if (shared_->closed || overrun_) co_return Bytes();
    if (points_.empty() && detail_.empty()) co_return std::exchange(state_, Bytes());
    std::string text;
    for (auto& bytes : {std::exchange(state_, Bytes()), std::exchange(detail_, Bytes())}) {
      text += bytes.view();
    }
    for (auto& point : std::exchange(points_, {})) text += point.view();
    co_return Bytes::copy(text);
  }

 private:
  std::shared_ptr<Shared> shared_;
  std::string service_;
  Bytes state_;
  Bytes detail_;
  std::deque<Bytes> points_;
  bool begun_ = false;
  bool overrun_ = false;
  WaitList<void> waiting_;
};

Live::Live(const Sources& sources, const ApiOptions& options, Overview& overview,
           const StateView& view)
    : sources_(sources),
      options_(options),
      overview_(overview),
      view_(view),
      shared_(std::make_shared<Shared>(sources.world.clock)) {}

Live::~Live() {
  shared_->closed = true;
  for (Reader* reader : shared_->readers) reader->wake();
}

void Live::start() {
  pushed_until_ = sources_.observer.counted_until();
  overview_.count_second();
  overview_.look();
  scope_.add(follow_seconds());
  scope_.add(follow_changes());
}

Deferred<void> Live::close() {
  shared_->closed = true;
  for (Reader* reader : shared_->readers) reader->wake();
  return scope_.close();
}

std::size_t Live::readers() const { return shared_->readers.size(); }

Result<std::unique_ptr<http::BodySource>> Live::open(std::string service) {
  if (shared_->closed) return Error(Code::closed, "Berth is stopping");
  if (shared_->readers.size() >= options_.live_readers_max) {
    return Error(Code::overloaded, "there are " + std::to_string(options_.live_readers_max) +
                                       " live streams already; close a page of the console");
  }
  auto reader = std::make_unique<Reader>(shared_, std::move(service));
  std::string state;
  http::append_event(state, "state", view_.state());
  std::string detail;
  if (!reader->service().empty()) {
    if (auto found = view_.service(reader->service()))
      http::append_event(detail, "service", *found);
  }
  reader->give_states(Bytes::copy(state), Bytes::copy(detail));
  return std::unique_ptr<http::BodySource>(std::move(reader));
}

Deferred<void> Live::follow_seconds() {
  for (;;) {
    co_await sources_.observer.next_second();
    std::int64_t until = sources_.observer.counted_until();
    overview_.count_second();
    overview_.look();  // also while nobody reads: the feed is told, and times are noted
    // After a long standstill (a laptop that slept) a reader asks for what it missed.
    pushed_until_ = std::max(pushed_until_, until - points_at_once_max);
    for (; pushed_until_ < until; ++pushed_until_) push_point(pushed_until_);
    push_states();
  }
}

Deferred<void> Live::follow_changes() {
  for (;;) {
    co_await sources_.mirror.changed();
    MonotonicTime due = last_state_ + pause_between_states;
    if (due > sources_.world.clock.now()) co_await sources_.world.clock.until(due);
    overview_.look();
    push_states();
  }
}

void Live::push_states() {
  last_state_ = sources_.world.clock.now();
  if (shared_->readers.empty()) return;
  std::string text;
  http::append_event(text, "state", view_.state());
  Bytes state = Bytes::copy(text);
  std::map<std::string, Bytes> details;
  for (Reader* reader : shared_->readers) {
    if (reader->service().empty() || details.contains(reader->service())) continue;
    std::string detail;
    if (auto found = view_.service(reader->service()))
      http::append_event(detail, "service", *found);
    details[reader->service()] = Bytes::copy(detail);
  }
  for (Reader* reader : shared_->readers) {
    auto detail = details.find(reader->service());
    reader->give_states(state, detail == details.end() ? Bytes() : detail->second);
  }
}

void Live::push_point(std::int64_t second) {
  if (shared_->readers.empty()) return;
  std::string text;
  http::append_event(text, "point", point_json(sources_, second, overview_.until()));
  Bytes point = Bytes::copy(text);
  for (Reader* reader : shared_->readers) reader->give_point(point);
}

}  // namespace berth::console
