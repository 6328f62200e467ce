#pragma once

#include <functional>
#include <map>
#include <string>

#include "async/disk.h"
#include "async/network.h"

// Worlds with a bug in them, to see that the scenarios find it. No bug planted: they only watch.

namespace berth::sim {

/// A disk whose syncs of some files are lies: they answer, and nothing was synced.
class LyingDisk final : public berth::Disk {
 public:
  using Lies = std::function<bool(const std::string& path)>;
  LyingDisk(berth::Disk& real, Lies lies) : real_(real), lies_(std::move(lies)) {}

  Deferred<std::unique_ptr<File>> open(std::string path, OpenMode mode) override;
  Deferred<void> rename(std::string from, std::string to) override {
    return real_.rename(std::move(from), std::move(to));
  }
  Deferred<void> remove(std::string path) override { return real_.remove(std::move(path)); }
  Deferred<void> make_folder(std::string path) override {
    return real_.make_folder(std::move(path));
  }
  Deferred<std::vector<FolderEntry>> list(std::string path) override {
    return real_.list(std::move(path));
  }
  Deferred<void> sync_folder(std::string path) override {
    return real_.sync_folder(std::move(path));
  }
  Deferred<std::uint64_t> free_bytes(std::string path) override {
    return real_.free_bytes(std::move(path));
  }

 private:
  berth::Disk& real_;
  Lies lies_;
};

/// A network that knows which run of a program opened which connection (by the port it has here),
/// and on which answers of some status may be read as another.
class WatchedNetwork final : public berth::Network {
 public:
  explicit WatchedNetwork(berth::Network& real) : real_(real) {}

  Deferred<std::unique_ptr<ByteStream>> connect(const Address& peer) override;
  Result<std::unique_ptr<Listener>> listen(const Address& address,
                                           const ListenOptions& options) override {
    return real_.listen(address, options);
  }
  Result<std::unique_ptr<DatagramSocket>> bind_datagram(const Address& address) override {
    return real_.bind_datagram(address);
  }
  /// The run in which the connection from this port was opened.
  int run_of(const Address& local) const {
    auto found = runs_.find(local);
    return found == runs_.end() ? 0 : found->second;
  }

  int run = 1;
  bool answers_lie = false;  // 500 is read as 200

 private:
  Deferred<std::unique_ptr<ByteStream>> connect_watched(Address peer);

  berth::Network& real_;
  std::map<Address, int> runs_;
};

}  // namespace berth::sim
