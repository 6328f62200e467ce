#include "proxy/gateway/enter.h"

#include <cstring>
#include <utility>

#include "proxy/gateway/proxy_protocol.h"
#include "tls/handshake.h"

namespace berth::proxy::gateway {
namespace {

/// A connection whose ends are those that a PROXY header has told.
class ToldStream final : public ByteStream {
 public:
  ToldStream(std::unique_ptr<ByteStream> below, Bytes first, Address peer, Address local)
      : below_(std::move(below)),
        first_(std::move(first)),
        peer_(std::move(peer)),
        local_(std::move(local)) {}

  Deferred<Bytes> read(std::size_t bytes_max) override {
    if (first_.empty()) return below_->read(bytes_max);
    Bytes part = first_.slice(0, bytes_max);
    first_.remove_prefix(part.size());
    return ready(std::move(part));
  }
  Deferred<void> write(BytesList bytes) override { return below_->write(std::move(bytes)); }
  Deferred<void> write_file(BytesList before, File& file, std::uint64_t offset,
                            std::uint64_t length) override {
    return below_->write_file(std::move(before), file, offset, length);
  }
  Deferred<void> shutdown_write() override { return below_->shutdown_write(); }
  void close() override { below_->close(); }
  void abort() override { below_->abort(); }
  Address local_address() const override { return local_; }
  Address peer_address() const override { return peer_; }
  bool broken() const override { return first_.empty() && below_->broken(); }
  std::optional<std::uint64_t> delivered() const override { return below_->delivered(); }

 private:
  std::unique_ptr<ByteStream> below_;
  Bytes first_;
  Address peer_;
  Address local_;
};

Deferred<std::unique_ptr<ByteStream>> read_header(std::unique_ptr<ByteStream> stream) {
  Bytes received;
  for (;;) {
    Bytes more = co_await stream->read();
    if (more.empty()) co_return Error(Code::reset, "an end before the PROXY header");
    received = joined(received, more);
    auto header = co_await or_return(read_proxy_header(received.view()));
    if (!header) continue;
    received.remove_prefix(header->size);
    Address peer = header->local ? stream->peer_address() : header->source;
    Address local = header->local ? stream->local_address() : header->destination;
    co_return std::make_unique<ToldStream>(std::move(stream), std::move(received), std::move(peer),
                                           std::move(local));
  }
}

}  // namespace

Deferred<std::unique_ptr<ByteStream>> enter(Clock& clock, std::shared_ptr<const Entrance> entrance,
                                            std::optional<tls::ServerContext> context,
                                            std::unique_ptr<ByteStream> stream) {
  if (entrance->proxy_protocol) {
    // By a Unix socket only who may open its path comes.
    bool local = stream->peer_address().family() == Address::Family::unix_path ||
                 stream->peer_address().family() == Address::Family::none;
    if (!local && !entrance->proxy_protocol->contains(stream->peer_address())) {
      co_return Error(Code::denied,
                      "a PROXY header is not taken from " + stream->peer_address().ip_text());
    }
    auto reading = read_header(std::move(stream));
    stream = co_await with_timeout(clock, proxy_header_timeout, std::move(reading));
  }
  if (context) stream = co_await tls::accept(*context, clock, std::move(stream));
  co_return std::move(stream);
}

}  // namespace berth::proxy::gateway
