#include "http/h2_exchange.h"

#include <string_view>

#include "base/strings.h"
#include "http/h2_client_connection.h"

namespace berth::http::detail {
namespace {

/// The fields of a request's head; views live as long as the request and the stream.
const H2Fields& fields_of(const Asking& asking, const Body& body, H2ClientConnection& connection) {
  const Request& request = asking.request;
  bool upgrade = !request.upgrade.empty();
  H2Fields& fields = connection.fields;
  fields.clear();
  fields.add(":method", upgrade ? std::string_view("CONNECT") : std::string_view(request.method));
  if (upgrade) fields.add(":protocol", std::string_view(request.upgrade));
  fields.add(":scheme", std::string_view(asking.route.secured() ? "https" : "http"));
  fields.add(":authority", authority_of(request, asking.route, connection.authority));
  fields.add(":path", std::string_view(request.target));
  for (auto& [name, value] : request.headers) {
    // The authority is there already, and the key is of HTTP/1.1 (RFC 8441 section 5).
    bool left_out = equal_ignoring_case(name, "host") ||
                    (upgrade && equal_ignoring_case(name, "sec-websocket-key"));
    if (!left_out) fields.add_header(name, value);
  }
  std::optional<std::uint64_t> length = body.length;
  if (!body.source) length = body.text.size();
  if (!upgrade && !is_bare(request, body) && length) {
    fields.add("content-length", std::to_string(*length));
  }
  return fields;
}

/// The answer of a stream, whose head is to come within a time. Holds the stream until then.
class AnswerState final : public State<Response>, AnswerListener, Timer {
 public:
  static Deferred<Response> make(std::unique_ptr<H2ClientStream> stream, Clock& clock,
                                 Duration limit) {
    auto* state = ::new (allocate_frame(sizeof(AnswerState))) AnswerState(std::move(stream));
    Deferred<Response> deferred(state);
    H2ClientStream& asked = *state->stream_;
    if (asked.answered()) {
      state->answered();
    } else if (asked.closed()) {
      state->ended();
    } else {
      asked.set_listener(state);
      if (limit > Duration::zero()) clock.timers().arm(*state, clock.now() + limit);
    }
    return deferred;
  }

 private:
  explicit AnswerState(std::unique_ptr<H2ClientStream> stream) : stream_(std::move(stream)) {}
  void answered() override {
    disarm();
    ResponseHead head = stream_->take_answer();
    resolve(Response(std::move(head), std::move(stream_)));
    release_producer();
  }
  void ended() override {
    disarm();
    resolve_error(stream_->why_ended());
    release_producer();
  }
  void fire() override { stop(Error::timed_out()); }
  void on_cancel() override { stop(Error::cancelled()); }
  void on_drop() override {
    disarm();
    stream_->set_listener(nullptr);
    stream_.reset();
    release_producer();
  }
  void stop(Error why) {
    disarm();
    stream_->set_listener(nullptr);
    stream_.reset();
    resolve_error(std::move(why));
    release_producer();
  }
  void dispose() override {
    this->~AnswerState();
    free_frame(this, sizeof(AnswerState));
  }

  std::unique_ptr<H2ClientStream> stream_;
};

Deferred<Response> wait_for_turn(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                                 Duration first_byte) {
  asking.progress.begin(Progress::Step::waiting);
  co_await asking.progress.limited(asking.connect, stream->begun());
  asking.progress.begin(Progress::Step::asking);
  Duration limit = asking.progress.limit_of(first_byte);
  co_return co_await AnswerState::make(std::move(stream), asking.clock, limit);
}

Deferred<Response> ask(std::unique_ptr<H2ClientStream> stream, const Asking& asking, Body body,
                       std::size_t waiting_max) {
  // What is sent beside the answer bounds its first byte itself, from when it was sent.
  Duration first_byte = fits_in_one_go(body) ? asking.first_byte : Duration::zero();
  const H2Fields& head = fields_of(asking, body, stream->connection());
  stream->ask(head, std::move(body), asking.clock, asking.first_byte);
  if (!stream->waits()) {
    Duration limit = asking.progress.limit_of(first_byte);
    return AnswerState::make(std::move(stream), asking.clock, limit);
  }
  if (stream->waiting() > waiting_max) {
    return failed<Response>(Error(
        Code::overloaded, std::to_string(waiting_max) + " requests wait for a stream already"));
  }
  return wait_for_turn(std::move(stream), asking, first_byte);
}

Deferred<Response> ask_for_tunnel(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                                  std::size_t waiting_max) {
  bool allowed = co_await asking.progress.limited(asking.connect, stream->tunnels_allowed());
  if (!allowed && !stream->closed()) {
    co_return Error(Code::unsupported,
                    "the server takes no " + asking.request.upgrade + " over HTTP/2");
  }
  stream->become_tunnel();
  co_return co_await ask(std::move(stream), asking, Body(), waiting_max);
}

}  // namespace

Deferred<Response> ask_by_h2(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                             Body body, std::size_t waiting_max) {
  if (asking.request.upgrade.empty()) {
    return ask(std::move(stream), asking, std::move(body), waiting_max);
  }
  return ask_for_tunnel(std::move(stream), asking, waiting_max);
}

}  // namespace berth::http::detail
