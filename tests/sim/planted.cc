#include "sim/planted.h"

namespace berth::sim {
namespace {

class LyingFile final : public File {
 public:
  explicit LyingFile(std::unique_ptr<File> real) : real_(std::move(real)) {}
  Deferred<Bytes> read(std::uint64_t offset, std::size_t length) override {
    return real_->read(offset, length);
  }
  Deferred<void> write(std::uint64_t offset, BytesList bytes) override {
    return real_->write(offset, std::move(bytes));
  }
  Deferred<void> sync() override { return ready(); }
  Deferred<std::uint64_t> size() override { return real_->size(); }
  Deferred<void> truncate(std::uint64_t size) override { return real_->truncate(size); }

 private:
  std::unique_ptr<File> real_;
};

class LyingStream final : public ByteStream {
 public:
  explicit LyingStream(std::unique_ptr<ByteStream> real) : real_(std::move(real)) {}
  Deferred<Bytes> read(std::size_t bytes_max) override {
    return real_->read(bytes_max).then([](Bytes bytes) {
      if (!bytes.view().starts_with("HTTP/1.1 500")) return bytes;
      return Bytes::copy("HTTP/1.1 200" + std::string(bytes.view().substr(12)));
    });
  }
  Deferred<void> write(BytesList bytes) override { return real_->write(std::move(bytes)); }
  Deferred<void> shutdown_write() override { return real_->shutdown_write(); }
  void close() override { real_->close(); }
  void abort() override { real_->abort(); }
  Address local_address() const override { return real_->local_address(); }
  Address peer_address() const override { return real_->peer_address(); }
  bool broken() const override { return real_->broken(); }

 private:
  std::unique_ptr<ByteStream> real_;
};

Deferred<std::unique_ptr<File>> open_lying(Deferred<std::unique_ptr<File>> opening) {
  auto file = co_await std::move(opening);
  co_return std::unique_ptr<File>(new LyingFile(std::move(file)));
}

}  // namespace

Deferred<std::unique_ptr<File>> LyingDisk::open(std::string path, OpenMode mode) {
  bool lies = lies_ && lies_(path);
  auto opening = real_.open(std::move(path), mode);
  return lies ? open_lying(std::move(opening)) : std::move(opening);
}

Deferred<std::unique_ptr<ByteStream>> WatchedNetwork::connect(const Address& peer) {
  return connect_watched(peer);
}

Deferred<std::unique_ptr<ByteStream>> WatchedNetwork::connect_watched(Address peer) {
  int opened_in = run;
  auto stream = co_await real_.connect(peer);
  runs_[stream->local_address()] = opened_in;
  if (!answers_lie) co_return std::move(stream);
  co_return std::unique_ptr<ByteStream>(new LyingStream(std::move(stream)));
}

}  // namespace berth::sim
