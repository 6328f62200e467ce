#pragma once

#include <memory>

#include "async/network.h"

namespace berth::sim {

class Connection;

/// The user's handle of one end of a Connection.
class Stream final : public ByteStream {
 public:
  Stream(std::shared_ptr<Connection> connection, int end)
      : connection_(std::move(connection)), end_(end) {}
  ~Stream() override;

  Deferred<Bytes> read(std::size_t bytes_max) override;
  Deferred<void> write(BytesList bytes) override;
  Deferred<void> shutdown_write() override;
  void close() override;
  void abort() override;
  Address local_address() const override;
  Address peer_address() const override;
  bool broken() const override;
  std::optional<std::uint64_t> delivered() const override { return taken_; }

  /// Something changed at this end: answers what can be answered.
  void wake();

 private:
  class ReadOperation;
  class WriteOperation;

  void let_go(bool reset);
  bool try_read(std::size_t bytes_max, Result<Bytes>& result);
  bool try_write(BytesList& bytes, Result<void>& result);

  std::shared_ptr<Connection> connection_;
  const int end_;
  std::uint64_t taken_ = 0;  // bytes that went on their way
  bool closed_ = false;
  bool half_ended_ = false;
  bool write_cut_ = false;  // a write was cancelled: what the peer got so far is no whole
  ReadOperation* reading_ = nullptr;
  WriteOperation* writing_ = nullptr;
};

}  // namespace berth::sim
