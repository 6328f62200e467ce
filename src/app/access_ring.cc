#include "app/access_ring.h"

#include "async/clock.h"
#include "http/access_record.h"

namespace berth::app {
namespace {

constexpr Duration poll_interval = 25ms;
constexpr int records_at_once = 2000;

}  // namespace

void RingSink::note(const http::AccessRecord& record) {
  auto room = ring_->reserve(http::encoded_size(record));
  if (!room.empty()) ring_->commit(http::encode(record, room));
  if (!syslog_) return;
  // RFC 3164 as HAProxy sends it: facility local0, severity info, no host name.
  message_ = "<134>";
  http::append_haproxy_syslog_head(message_, record);
  http::append_haproxy_line(message_, record);
  if (!syslog_->send(syslog_peer_, Bytes::literal(message_))) ++lines_lost_;
}

bool RingReader::take_some() {
  int taken = 0;
  for (; taken < records_at_once; ++taken) {
    std::string_view bytes = ring_->peek();
    if (!bytes.data()) break;
    if (auto record = http::decode_access_record(bytes)) take_(*record);
    ring_->pop();
  }
  return taken > 0;
}

void RingReader::drain() {
  while (take_some()) {
  }
}

Deferred<void> RingReader::run() {
  for (;;) {
    while (take_some()) co_await world_.clock.after(0ns);
    std::uint64_t dropped = ring_->dropped();
    if (dropped != told_dropped_) {
      log_.warning("access records were dropped: the ring was full",
                   {{"dropped", dropped - told_dropped_}, {"in_all", dropped}});
      told_dropped_ = dropped;
    }
    co_await world_.clock.after(poll_interval);
  }
}

}  // namespace berth::app
