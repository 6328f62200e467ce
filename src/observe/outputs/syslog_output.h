#pragma once

#include <memory>
#include <string>

#include "observe/outputs/line_peer.h"

namespace berth::observe {

struct SyslogOptions {
  Endpoint place;
  bool datagrams = false;  // UDP (RFC 5426); else TCP or TLS, octets counted (RFC 6587, 5425)
  int facility = 16;       // local0
  std::string app = "berth";
  std::string host;  // of events that have none
};

/// Sends each event as a message of RFC 5424, with its fields as structured data. Over UDP nothing
/// is ever known to have arrived: taken, and not confirmed.
class SyslogOutput final : public Output {
 public:
  SyslogOutput(World& world, tls::ClientContext context, SyslogOptions options)
      : world_(world), options_(options), peer_(world, std::move(context), options.place) {}

  std::size_t batch_max() const override { return 1000; }
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  Deferred<Attempt> send_datagrams(std::span<const Event> events);

  World& world_;
  const SyslogOptions options_;
  LinePeer peer_;
  std::unique_ptr<DatagramSocket> socket_;
  Address::Family family_ = Address::Family::none;  // of the socket
};

/// One message without its framing; its text is UTF-8 behind a BOM where it is not ASCII.
std::string syslog_message(const Event& event, const SyslogOptions& options);

}  // namespace berth::observe
