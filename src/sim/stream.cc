#include "sim/stream.h"

#include "sim/connection.h"

namespace berth::sim {
namespace {
Error closed_here() { return Error(Code::closed, "the connection was closed here"); }
}  // namespace

class Stream::ReadOperation final : public State<Bytes> {
 public:
  ReadOperation(Stream& stream, std::size_t bytes_max) : bytes_max(bytes_max), stream_(stream) {
    stream.reading_ = this;
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
  void dispose() override { delete this; }
  Stream& stream_;
};

class Stream::WriteOperation final : public State<void> {
 public:
  WriteOperation(Stream& stream, BytesList bytes) : bytes(std::move(bytes)), stream_(stream) {
    stream.writing_ = this;
  }
  void finish(Result<void> result) {
    stream_.writing_ = nullptr;
    resolve(std::move(result));
    release_producer();
  }
  BytesList bytes;

 private:
  void on_cancel() override {
    stream_.write_cut_ = true;
    finish(Error::cancelled());
  }
  void on_drop() override {
    stream_.write_cut_ = true;
    stream_.writing_ = nullptr;
    release_producer();
  }
  void dispose() override { delete this; }
  Stream& stream_;
};

Stream::~Stream() { let_go(false); }
void Stream::close() { let_go(false); }
void Stream::abort() { let_go(true); }

void Stream::let_go(bool reset) {
  if (std::exchange(closed_, true)) return;
  connection_->close(end_, reset);
  if (reading_) reading_->finish(closed_here());
  if (writing_) writing_->finish(closed_here());
}

Deferred<Bytes> Stream::read(std::size_t bytes_max) {
  check(!reading_, "two reads of one connection at a time");
  check(bytes_max > 0, "a read of nothing");
  if (closed_ || connection_->dead(end_)) return failed<Bytes>(closed_here());
  Result<Bytes> result{Bytes()};
  if (try_read(bytes_max, result)) return resolved<Bytes>(std::move(result));
  return Deferred<Bytes>(new ReadOperation(*this, bytes_max));
}

bool Stream::try_read(std::size_t bytes_max, Result<Bytes>& result) {
  if (connection_->readable(end_)) {
    result = connection_->take(end_, bytes_max);
    return true;
  }
  if (const Error* error = connection_->failure(end_)) {
    result = *error;
    return true;
  }
  return false;
}

Deferred<void> Stream::write(BytesList bytes) {
  check(!writing_, "two writes to one connection at a time");
  if (closed_ || half_ended_ || write_cut_ || connection_->dead(end_)) {
    return failed<void>(closed_here());
  }
  Result<void> result;
  if (try_write(bytes, result)) return resolved<void>(std::move(result));
  return Deferred<void>(new WriteOperation(*this, std::move(bytes)));
}

bool Stream::try_write(BytesList& bytes, Result<void>& result) {
  if (const Error* error = connection_->failure(end_)) {
    result = *error;
    return true;
  }
  std::size_t before = bytes.size();
  bool all = connection_->give(end_, bytes);
  taken_ += before - bytes.size();
  return all;
}

Deferred<void> Stream::shutdown_write() {
  check(!writing_, "a half is ended while something is written to it");
  if (closed_ || half_ended_ || write_cut_ || connection_->dead(end_)) {
    return failed<void>(closed_here());
  }
  half_ended_ = true;
  if (const Error* error = connection_->failure(end_)) return failed<void>(*error);
  connection_->end_writing(end_);
  return ready();
}

Address Stream::local_address() const { return connection_->local(end_); }
Address Stream::peer_address() const { return connection_->peer(end_); }
bool Stream::broken() const { return closed_ || connection_->broken(end_); }

void Stream::wake() {
  if (reading_) {
    Result<Bytes> result{Bytes()};
    if (try_read(reading_->bytes_max, result)) reading_->finish(std::move(result));
  }
  if (writing_) {
    Result<void> result;
    if (try_write(writing_->bytes, result)) writing_->finish(std::move(result));
  }
}

}  // namespace berth::sim
