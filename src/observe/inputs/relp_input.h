#pragma once

#include <string>

#include "async/scope.h"
#include "observe/inputs/open_places.h"
#include "observe/inputs/relp_frames.h"
#include "observe/syslog_reader.h"

namespace berth::observe {

/// RELP by TCP and TLS: syslog that is acknowledged (rsyslog's omrelp). Each message is answered
/// "200 OK" in order once it is safe (LineQueue::commit), what has come together in one go; until
/// then nothing more is read of that sender, so a slow disk slows it and its window fills. What is
/// not answered its sender sends again on the next connection. Bytes that are no frames end the
/// connection, and the log names the peer. Belongs to one reactor.
class RelpInput final : public Input {
 public:
  RelpInput(InputSpec spec, const InputLinks& links, OpenPlaces places);
  Deferred<void> close() override;
  InputCounters counters() const override;

 private:
  /// One connection: has it been opened, and will it end.
  struct Session {
    std::string peer;
    bool open = false;
    bool closed = false;
  };

  Deferred<void> converse(std::unique_ptr<ByteStream> stream);
  void answer(Session& session, RelpFrame frame, std::string& answers);
  void open(Session& session, const RelpFrame& frame, std::string& answers);

  const InputSpec spec_;
  LineQueue& lines_;
  Log log_;
  SyslogReader reader_;
  std::uint64_t broken_ = 0;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Scope scope_;
};

}  // namespace berth::observe
