#include "http/h2_exchange.h"

#include <string_view>

#include "base/strings.h"

namespace berth::http::detail {
namespace {

/// The fields of a request's head; views live as long as the request.
H2Fields fields_of(const Asking& asking, const Body& body) {
  const Request& request = asking.request;
  H2Fields fields;
  fields.reserve(request.headers.size() + 5);
  fields.add(":method", std::string_view(request.method));
  fields.add(":scheme", std::string_view(asking.route.secured() ? "https" : "http"));
  fields.add(":authority", authority_of(request, asking.route));
  fields.add(":path", std::string_view(request.target));
  for (auto& [name, value] : request.headers) {
    // It is the authority already.
    if (!equal_ignoring_case(name, "host")) fields.add_header(name, value);
  }
  bool bare = !body.source && body.text.empty() &&
              (request.method == "GET" || request.method == "HEAD" || request.method == "DELETE");
  std::optional<std::uint64_t> length = body.length;
  if (!body.source) length = body.text.size();
  if (!bare && length) fields.add("content-length", std::to_string(*length));
  return fields;
}

Deferred<Response> wait_for_answer(std::unique_ptr<H2ClientStream> stream) {
  ResponseHead head = co_await stream->answer();
  co_return Response(std::move(head), std::move(stream));
}

Deferred<Response> wait_for_turn(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                                 Duration first_byte) {
  asking.progress.begin(Progress::Step::waiting);
  co_await asking.progress.limited(asking.connect, stream->begun());
  asking.progress.begin(Progress::Step::asking);
  co_return co_await asking.progress.limited(first_byte, wait_for_answer(std::move(stream)));
}

}  // namespace

Deferred<Response> ask_by_h2(std::unique_ptr<H2ClientStream> stream, const Asking& asking,
                             Body body, std::size_t waiting_max) {
  // What is sent beside the answer bounds its first byte itself, from when it was sent.
  Duration first_byte = fits_in_one_go(body) ? asking.first_byte : Duration::zero();
  H2Fields head = fields_of(asking, body);
  stream->ask(head, std::move(body), asking.clock, asking.first_byte);
  if (!stream->waits()) {
    return asking.progress.limited(first_byte, wait_for_answer(std::move(stream)));
  }
  if (stream->waiting() > waiting_max) {
    return failed<Response>(Error(
        Code::overloaded, std::to_string(waiting_max) + " requests wait for a stream already"));
  }
  return wait_for_turn(std::move(stream), asking, first_byte);
}

}  // namespace berth::http::detail
