#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "async/network.h"
#include "async/scope.h"
#include "http/client_counts.h"
#include "http/h1_reader.h"
#include "http/h1_writer.h"
#include "http/parked_connections.h"
#include "http/server_message.h"
#include "http/server_options.h"
#include "http/server_shared.h"

namespace berth::http {

/// Answers HTTP/1.1 and HTTP/2 on its listeners with one function, which need not know of the
/// difference; who begins with HTTP/2's preface gets HTTP/2 (RFC 9113 section 3.3). Requests of a
/// connection are answered in order in HTTP/1.1, at once in HTTP/2. What the handler fails with is
/// answered as a problem. Belongs to one reactor.
class Server {
 public:
  using Handler = http::Handler;

  Server(Clock& clock, Handler handler, ServerOptions options = {})
      : clock_(clock),
        handler_(std::move(handler)),
        options_(std::move(options)),
        shared_(clock, options_),
        parked_(clock, [this](ServerConnection connection, Bytes first) {
          begin(std::move(connection), std::move(first));
        }) {}

  void serve(std::unique_ptr<Listener> listener);
  /// Stops listening, cancels what is being answered, and waits for its end.
  Deferred<void> close();

  /// Open now.
  std::size_t connections() const { return connections_; }
  /// Of those, the ones that hold little memory since nobody has said anything for a while.
  std::size_t parked() const { return parked_.count(); }
  /// Since the beginning; refused ones are not among them.
  std::uint64_t requests() const { return shared_.requests; }
  std::uint64_t refused(Refusal why) const { return shared_.refusals.count(why); }

 private:
  Deferred<void> accept_all(Listener& listener);
  void begin(ServerConnection connection, Bytes first);
  /// Talks on it until it ends or nothing is said any more, and parks it then. `first`: what has
  /// come already.
  Deferred<void> keep(ServerConnection connection, Bytes first);
  /// Until it ends; or until nobody says anything, then it is until when that may last.
  Deferred<std::optional<MonotonicTime>> converse(ServerConnection& connection, Bytes first);
  Deferred<void> converse_h2(ByteStream& stream, Bytes early);
  /// Takes `head`. True: the connection is good for another request, or goes on with `upgraded`.
  Deferred<bool> answer_one(ByteStream& stream, H1Reader& reader, RequestHead& head, bool last,
                            Upgraded& upgraded);
  void append_head(HeadBuffer& head, const ServerResponse& response, bool keep_alive);
  /// The last answer on a connection whose requests are not read.
  Deferred<void> refuse(ByteStream& stream, Refusal why, int status, std::string text);
  Deferred<void> turn_away(ServerConnection connection, Refusal why, int status, std::string text);

  Clock& clock_;
  Handler handler_;
  ServerOptions options_;
  ServerShared shared_;
  ClientCounts clients_;
  HeadBuffers heads_;
  std::size_t connections_ = 0;
  ParkedConnections parked_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  Scope scope_;
};

}  // namespace berth::http
