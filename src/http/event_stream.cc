#include "http/event_stream.h"

#include <utility>

#include "async/sync.h"

namespace berth::http {
namespace {

class Pipe final : public EventSender {
 public:
  explicit Pipe(std::size_t waiting_bytes_max) : waiting_bytes_max_(waiting_bytes_max) {}

  bool send(std::string_view name, std::string_view data, std::string_view id) override {
    if (!open_) return false;
    append_event(waiting_, name, data, id);
    if (waiting_.size() > waiting_bytes_max_) {
      waiting_.clear();
      open_ = false;
    }
    changed_.set();
    return open_;
  }
  void end() override {
    open_ = false;
    changed_.set();
  }
  bool open() const override { return open_; }

  /// What waits; empty: the end.
  Deferred<std::string> next() {
    while (waiting_.empty() && open_) {
      changed_.reset();
      co_await changed_.wait();
    }
    co_return std::exchange(waiting_, {});
  }

 private:
  std::size_t waiting_bytes_max_;
  std::string waiting_{stream_begin};
  bool open_ = true;
  Event changed_;
};

class PipeBody final : public BodySource {
 public:
  PipeBody(Clock& clock, std::shared_ptr<Pipe> pipe) : clock_(clock), pipe_(std::move(pipe)) {}
  ~PipeBody() override { pipe_->end(); }

  Deferred<Bytes> read() override {
    auto text = co_await with_timeout(clock_, heartbeat_every, pipe_->next()).result();
    if (text.ok()) co_return Bytes::copy(*text);
    if (text.error().is(Code::timed_out)) co_return Bytes::literal(heartbeat);
    co_return std::move(text).error();
  }

 private:
  Clock& clock_;
  std::shared_ptr<Pipe> pipe_;
};

}  // namespace

void append_event(std::string& out, std::string_view name, std::string_view data,
                  std::string_view id) {
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  if (!name.empty()) out.append("event: ").append(name).append("\n");
  for (;;) {
    std::size_t end = data.find_first_of("\r\n");
    out.append("data: ").append(data.substr(0, end)).append("\n");
    if (end == data.npos) break;
    data.remove_prefix(end + (data.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  out += '\n';
}

ServerResponse event_stream(std::unique_ptr<BodySource> body) {
  return {200,
          {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}},
          Body(std::move(body))};
}

EventPipe make_event_pipe(Clock& clock, std::size_t waiting_bytes_max) {
  auto pipe = std::make_shared<Pipe>(waiting_bytes_max);
  return {pipe, std::make_unique<PipeBody>(clock, pipe)};
}

}  // namespace berth::http
