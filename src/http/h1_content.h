#pragma once

#include "async/clock.h"
#include "async/network.h"
#include "http/body.h"
#include "http/h1_reader.h"
#include "http/pace.h"
#include "http/server_message.h"
#include "http/server_options.h"

namespace berth::http {

/// The content of a request of HTTP/1.1: asked for where the client waits for that, and awaited for
/// as long as it comes at the least rate; beyond that timed_out, and the request is marked as
/// faulty. Lives as long as the request is answered.
class H1Content final : public BodySource {
 public:
  H1Content(Clock& clock, ByteStream& stream, H1Reader& reader, ServerRequest& request,
            const ServerOptions& options)
      : clock_(clock),
        stream_(stream),
        reader_(reader),
        request_(request),
        options_(options),
        pace_(options.rate_grace),
        continue_wanted_(request.head.expects_continue()) {}
  Deferred<Bytes> read() override;

 private:
  Deferred<Bytes> ask();
  Deferred<Bytes> read_paced(Deferred<Bytes> part);

  Clock& clock_;
  ByteStream& stream_;
  H1Reader& reader_;
  ServerRequest& request_;
  const ServerOptions& options_;
  Pace pace_;
  bool continue_wanted_;
};

}  // namespace berth::http
