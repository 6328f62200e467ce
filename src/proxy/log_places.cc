#include "proxy/log_places.h"

#include <utility>

#include "async/clock.h"
#include "async/disk.h"
#include "async/network.h"
#include "async/process.h"
#include "async/sync.h"
#include "http/access_record.h"
#include "http/pooled_bytes.h"

namespace berth::proxy {
namespace {

constexpr Duration retry_least = 100ms;
constexpr Duration retry_most = 5s;
constexpr Duration finish_limit = 2s;

/// RFC 3164 as HAProxy sends it: facility local0, severity info, no host name. Made in `out`.
void make_syslog_message(std::string& out, const http::AccessRecord& record,
                         std::string_view line) {
  out.assign("<134>");
  http::append_haproxy_syslog_head(out, record);
  out.append(line);
}

class DatagramPlace final : public LogPlace {
 public:
  DatagramPlace(std::unique_ptr<DatagramSocket> socket, Address peer)
      : socket_(std::move(socket)), peer_(std::move(peer)) {}

  void add(const http::AccessRecord& record, std::string_view line) override {
    make_syslog_message(message_, record, line);
    if (!socket_->send(peer_, http::pooled_copy(message_))) ++lost_;
  }

 private:
  std::unique_ptr<DatagramSocket> socket_;
  Address peer_;
  std::string message_;
};

/// Lines wait in a text that is written as a whole: each with its line end, or as a message of
/// syslog behind its length (octet counting, RFC 6587 section 3.4.1).
class WaitingPlace : public LogPlace {
 public:
  WaitingPlace(World& world, Log log, bool syslog = false)
      : world_(world), log_(log), syslog_(syslog) {}

  void add(const http::AccessRecord& record, std::string_view line) override {
    if (!syslog_) return append(line, "\n");
    make_syslog_message(message_, record, line);
    append(std::to_string(message_.size()) + " ", message_);
  }

  void take(std::string_view text, std::uint64_t lines) override {
    if (waiting_.size() + text.size() > waiting_bytes_max) {
      lost_ += lines;
      return;
    }
    waiting_.append(text);
    lines_waiting_ += lines;
    wake_.set();
  }

  Deferred<void> finish() override {
    wake_.set();
    auto end = world_.clock.now() + finish_limit;
    while ((!waiting_.empty() || writing_) && world_.clock.now() < end) {
      co_await world_.clock.after(1ms);
    }
  }

 protected:
  /// Called once, by whoever made it.
  void start() { scope_.add(run()); }
  virtual Deferred<void> write(Bytes bytes, std::uint64_t lines) = 0;

  World& world_;
  Log log_;

 private:
  void append(std::string_view text, std::string_view behind) {
    if (waiting_.size() + text.size() + behind.size() > waiting_bytes_max) {
      ++lost_;
      return;
    }
    waiting_.append(text).append(behind);
    ++lines_waiting_;
    wake_.set();
  }
  Deferred<void> run() {
    for (Duration wait = retry_least;;) {
      co_await wake_.wait();
      co_await world_.clock.after(gather_time);
      wake_.reset();
      if (waiting_.empty()) continue;
      std::uint64_t lines = std::exchange(lines_waiting_, 0);
      Bytes bytes = Bytes::copy(waiting_);
      waiting_.clear();
      writing_ = true;
      auto written = co_await write(std::move(bytes), lines).result();
      writing_ = false;
      if (written.ok()) {
        wait = retry_least;
        continue;
      }
      lost_ += lines;
      log_.warning("lines of the access log are lost",
                   {{"lines", lines}, {"error", written.error()}});
      co_await world_.clock.after(wait);
      wait = std::min<Duration>(wait * 2, retry_most);
    }
  }

  const bool syslog_;
  std::string message_;
  std::string waiting_;
  std::uint64_t lines_waiting_ = 0;
  bool writing_ = false;
  Event wake_;
  Scope scope_;
};

/// Appends to a file, which is opened when the first line comes and anew when told.
class FilePlace final : public WaitingPlace {
 public:
  FilePlace(World& world, Log log, std::string path)
      : WaitingPlace(world, log), path_(std::move(path)) {
    start();
  }
  void reopen() override { anew_ = true; }

 private:
  Deferred<void> write(Bytes bytes, std::uint64_t) override {
    if (anew_ || !file_) {
      file_ = co_await world_.disk.open(path_, OpenMode::write);
      anew_ = false;
      offset_ = co_await file_->size();
    }
    std::size_t size = bytes.size();
    BytesList list(std::move(bytes));
    co_await file_->write(offset_, std::move(list));
    offset_ += size;
  }

  std::string path_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  bool anew_ = false;
};

class StandardOutput final : public WaitingPlace {
 public:
  StandardOutput(World& world, Log log) : WaitingPlace(world, log) { start(); }

 private:
  Deferred<void> write(Bytes bytes, std::uint64_t) override {
    if (!stream_) {
      stream_ = co_await or_return(world_.process.standard_stream(StandardStream::output));
    }
    BytesList list(std::move(bytes));
    co_await stream_->write(std::move(list));
  }

  std::unique_ptr<ByteStream> stream_;
};

class TcpPlace final : public WaitingPlace {
 public:
  TcpPlace(World& world, Log log, Address peer)
      : WaitingPlace(world, log, true), peer_(std::move(peer)) {
    start();
  }

 private:
  Deferred<void> write(Bytes bytes, std::uint64_t) override {
    if (stream_ && stream_->broken()) stream_.reset();
    if (!stream_) {
      auto connecting = with_timeout(world_.clock, retry_most, world_.network.connect(peer_));
      stream_ = co_await std::move(connecting);
    }
    BytesList list(std::move(bytes));
    auto written = co_await stream_->write(std::move(list)).result();
    if (!written.ok()) {
      stream_.reset();
      co_await fail_with(std::move(written).error());
    }
  }

  Address peer_;
  std::unique_ptr<ByteStream> stream_;
};

/// Lines for the place of another reactor.
class RelayedPlace final : public WaitingPlace {
 public:
  RelayedPlace(World& world, Log log, gateway::LogSpec spec, LogRelay relay)
      : WaitingPlace(world, log, spec.to == gateway::LogSpec::To::syslog_tcp),
        spec_(std::move(spec)),
        relay_(std::move(relay)) {
    start();
  }

 private:
  Deferred<void> write(Bytes bytes, std::uint64_t lines) override {
    return relay_(spec_, std::string(bytes.view()), lines);
  }

  gateway::LogSpec spec_;
  LogRelay relay_;
};

}  // namespace

Result<std::shared_ptr<LogPlace>> make_log_place(World& world, Log log,
                                                 const gateway::LogSpec& spec,
                                                 const LogRelay& relay) {
  using To = gateway::LogSpec::To;
  std::shared_ptr<LogPlace> place;
  if (relay && spec.to != To::syslog_udp)
    return std::shared_ptr<LogPlace>(std::make_shared<RelayedPlace>(world, log, spec, relay));
  switch (spec.to) {
    case To::standard_output:
      place = std::make_shared<StandardOutput>(world, log);
      break;
    case To::file:
      place = std::make_shared<FilePlace>(world, log, spec.path);
      break;
    case To::syslog_tcp:
      place = std::make_shared<TcpPlace>(world, log, spec.address);
      break;
    case To::syslog_udp: {
      bool v6 = spec.address.family() == Address::Family::ipv6;
      auto socket =
          TRY(world.network.bind_datagram(v6 ? Address::ipv6({}, 0) : Address::ipv4(0, 0)));
      place = std::make_shared<DatagramPlace>(std::move(socket), spec.address);
      break;
    }
  }
  return place;
}

}  // namespace berth::proxy
