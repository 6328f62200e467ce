#include "observe/syslog_reader.h"

#include "async/clock.h"

namespace berth::observe {

std::string place_of(const Address& peer) {
  bool ip = peer.family() == Address::Family::ipv4 || peer.family() == Address::Family::ipv6;
  return ip ? peer.ip_text() : "unix";
}

void SyslogReader::take(std::string text, bool cut, std::string_view peer, bool waits) {
  WallTime now = world_.clock.wall();
  ++counters_.messages;
  counters_.bytes += text.size();
  counters_.cut += cut;
  counters_.repaired += repair_utf8(text);
  SyslogMessage message = read_syslog(text, {limits_.zone, now});
  counters_.without_priority += !message.has_priority;
  WallTime time = message.time.value_or(now);
  if (time - now > limits_.clock_error_max || now - time > limits_.clock_error_max) {
    ++counters_.wrong_clocks;
    time = now;
  }
  sink_({message, time, peer, cut, waits});
}

}  // namespace berth::observe
