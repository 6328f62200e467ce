#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "async/clock.h"
#include "http/server.h"

namespace berth::http {

/// Appends one server-sent event (HTML standard, section 9.2.5). Lines of `data` become data lines
/// of their own. `name` and `id` have no line ends; an empty one is left out.
void append_event(std::string& out, std::string_view name, std::string_view data,
                  std::string_view id = {});

/// What every event stream begins with: open again a second after it breaks.
inline constexpr std::string_view stream_begin = "retry: 1000\n\n";
/// A line that says nothing, so that a broken connection is found out.
inline constexpr std::string_view heartbeat = ":\n\n";
inline constexpr Duration heartbeat_every = 15s;

/// The answer with a stream of events as its body.
ServerResponse event_stream(std::unique_ptr<BodySource> body);

/// The producer's end of one reader's stream of events. One reactor. Events wait for their reader;
/// one that lets more than `waiting_bytes_max` pile up is ended, and opens its stream again with
/// Last-Event-ID, by which the producer knows what it has missed.
class EventSender {
 public:
  /// False: there is no reader any more, or it was too slow and is ended.
  virtual bool send(std::string_view name, std::string_view data, std::string_view id = {}) = 0;
  /// The reader gets what waits, then its end.
  virtual void end() = 0;
  virtual bool open() const = 0;

 protected:
  ~EventSender() = default;
};

struct EventPipe {
  std::shared_ptr<EventSender> sender;
  std::unique_ptr<BodySource> body;  // for event_stream()
};
/// Both ends; the body sends heartbeats while there is nothing else. `clock` outlives the body.
EventPipe make_event_pipe(Clock& clock, std::size_t waiting_bytes_max = 256 << 10);

}  // namespace berth::http
