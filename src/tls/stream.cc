#include "tls/stream.h"

#include <tuple>
#include <utility>

namespace berth::tls {
namespace {

Error closed_here() { return Error(Code::closed, "the connection was closed here"); }

/// Drops it; an error in it is nobody's any more.
template <class T>
void forget(Deferred<T>& work) {
  if (work.valid() && !work.pending()) std::ignore = work.take();
  work.reset();
}

}  // namespace

class Stream::ReadOperation final : public State<Bytes> {
 public:
  ReadOperation(Stream& stream, std::size_t bytes_max) : bytes_max(bytes_max), stream_(stream) {
    stream.reading_ = this;
  }
  static ReadOperation* make(Stream& stream, std::size_t bytes_max) {
    return ::new (allocate_frame(sizeof(ReadOperation))) ReadOperation(stream, bytes_max);
  }
  void finish(Result<Bytes> result) {
    stream_.reading_ = nullptr;
    resolve(std::move(result));
    release_producer();
  }
  const std::size_t bytes_max;

 private:
  void on_cancel() override { finish(Error::cancelled()); }
  void on_drop() override {
    stream_.reading_ = nullptr;
    release_producer();
  }
  void dispose() override {
    this->~ReadOperation();
    free_frame(this, sizeof(ReadOperation));
  }
  Stream& stream_;
};

/// A write, or the end of our half.
class Stream::WriteOperation final : public State<void> {
 public:
  explicit WriteOperation(Stream& stream) : stream_(stream) { stream.writing_ = this; }
  static WriteOperation* make(Stream& stream) {
    return ::new (allocate_frame(sizeof(WriteOperation))) WriteOperation(stream);
  }
  void finish(Result<void> result) {
    stream_.writing_ = nullptr;
    resolve(std::move(result));
    release_producer();
  }

 private:
  void on_cancel() override {
    stream_.cut_write();
    finish(Error::cancelled());
  }
  void on_drop() override {
    stream_.cut_write();
    stream_.writing_ = nullptr;
    release_producer();
  }
  void dispose() override {
    this->~WriteOperation();
    free_frame(this, sizeof(WriteOperation));
  }
  Stream& stream_;
};

Deferred<Bytes> Stream::read(std::size_t bytes_max) {
  check(!reading_, "two reads of one connection at a time");
  check(bytes_max > 0, "a read of nothing");
  if (closed_) return failed<Bytes>(closed_here());
  if (auto result = try_read(bytes_max)) return resolved<Bytes>(std::move(*result));
  return Deferred<Bytes>(ReadOperation::make(*this, bytes_max));
}

std::optional<Result<Bytes>> Stream::try_read(std::size_t bytes_max) {
  for (;;) {
    if (peer_ended_) return Bytes();
    if (read_failure_) return *read_failure_;
    auto result = engine_->read(bytes_max);
    if (result && !result->ok()) fail(result->error());
    if (engine_->has_output()) send();  // an alert, or the answer to a control message
    if (result) {
      peer_ended_ = result->ok() && (*result)->empty();
      return result;
    }
    if (!receive()) return std::nullopt;
  }
}

bool Stream::receive() {
  if (!incoming_.valid()) incoming_ = below_->read();
  if (incoming_.pending()) {
    incoming_.wait(arrived_);
    return false;
  }
  absorb(incoming_.take());
  return true;
}

void Stream::absorb(Result<Bytes> bytes) {
  arrived_.unlink();
  if (!bytes.ok()) {
    read_failure_ = std::move(bytes).error();
  } else if (bytes->empty()) {
    read_failure_ = Error(Code::reset, "the connection to " + peer_address().text() +
                                           " was cut: it ended without the end of TLS");
  } else {
    engine_->feed(std::move(*bytes));
  }
}

void Stream::on_arrived() {
  if (!incoming_.valid()) return;
  absorb(incoming_.take());
  if (!reading_) return;
  if (auto result = try_read(reading_->bytes_max)) reading_->finish(std::move(*result));
}

Deferred<void> Stream::write(BytesList bytes) {
  check(!writing_, "two writes to one connection at a time");
  if (closed_ || half_ended_ || write_cut_) return failed<void>(closed_here());
  unsent_ = std::move(bytes);
  return finish_sending();
}

Deferred<void> Stream::shutdown_write() {
  check(!writing_, "a half is ended while something is written to it");
  if (closed_ || half_ended_ || write_cut_) return failed<void>(closed_here());
  half_ended_ = true;
  if (!write_failure_) engine_->end();
  return finish_sending();
}

Deferred<void> Stream::finish_sending() {
  if (!send()) return Deferred<void>(WriteOperation::make(*this));
  unsent_ = BytesList();
  if (write_failure_) return failed<void>(*write_failure_);
  return ready();
}

bool Stream::send() {
  while (!outgoing_.valid()) {
    if (!write_failure_ && !unsent_.empty()) {
      auto written = engine_->write(unsent_, batch_bytes_max);
      if (!written.ok()) write_failure_ = std::move(written).error();
    }
    if (!engine_->has_output() || write_cut_) return true;
    outgoing_ = below_->write(engine_->take_output());
    if (outgoing_.pending()) {
      outgoing_.wait(taken_);
      return false;
    }
    auto sent = outgoing_.take();
    if (sent.ok()) continue;
    if (!write_failure_) write_failure_ = std::move(sent).error();
    return true;
  }
  return false;
}

void Stream::on_taken() {
  if (!outgoing_.valid()) return;
  auto sent = outgoing_.take();
  if (!sent.ok() && !write_failure_) write_failure_ = std::move(sent).error();
  bool done = !sent.ok() || send();
  if (!done || !writing_) return;
  unsent_ = BytesList();
  if (write_failure_) {
    writing_->finish(*write_failure_);
  } else {
    writing_->finish({});
  }
}

void Stream::cut_write() {
  write_cut_ = true;
  forget(outgoing_);
  unsent_ = BytesList();
}

void Stream::close() { let_go(false); }
void Stream::abort() { let_go(true); }

void Stream::let_go(bool reset) {
  if (std::exchange(closed_, true)) return;
  if (!reset) say_goodbye();
  forget(incoming_);
  forget(outgoing_);
  if (reset) {
    below_->abort();
  } else {
    below_->close();
  }
  if (reading_) reading_->finish(closed_here());
  if (writing_) writing_->finish(closed_here());
}

void Stream::say_goodbye() {
  bool whole = !write_cut_ && !writing_ && !outgoing_.valid() && !write_failure_;
  if (!whole) return;
  if (!half_ended_) engine_->end();
  send();
  for (std::size_t bytes = 0; bytes < read_away_bytes_max && !read_failure_;) {
    if (!incoming_.valid()) incoming_ = below_->read();
    if (incoming_.pending()) return;
    auto part = incoming_.take();
    if (!part.ok() || part->empty()) return;
    bytes += part->size();
  }
}

bool Stream::broken() const {
  if (closed_ || peer_ended_ || read_failure_ || write_failure_) return true;
  // A look takes in control messages (tickets as a rule), which changes nothing for anybody.
  return const_cast<Stream*>(this)->look();
}

bool Stream::look() {
  while (!read_failure_) {
    auto next = engine_->peek();
    if (next && !next->ok()) fail(next->error());
    if (engine_->has_output()) send();
    if (next) return true;
    bool more = incoming_.valid() ? !incoming_.pending() : below_->broken();
    if (!more || !receive()) return false;
  }
  return true;
}

void Stream::fail(const Error& error) {
  read_failure_ = error;
  if (!write_failure_) write_failure_ = error;
}

}  // namespace berth::tls
