#include "console/event_stream.h"

namespace berth::console {

void append_event(std::string& out, std::string_view name, std::string_view data) {
  out.append("event: ").append(name).append("\ndata: ").append(data).append("\n\n");
}

http::ServerResponse event_stream(std::unique_ptr<http::BodySource> body) {
  return {200,
          {{"content-type", "text/event-stream"}, {"cache-control", "no-store"}},
          http::Body(std::move(body))};
}

}  // namespace berth::console
