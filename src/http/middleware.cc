#include "http/middleware.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/id.h"

namespace berth::http {
namespace {

Deferred<ServerResponse> answer_logged(const Handler& handler, ServerRequest& request, Clock& clock,
                                       Log log) {
  auto begun = clock.exact_now();
  auto answered = co_await handler(request).result();
  bool cancelled = !answered.ok() && answered.error().is(Code::cancelled);
  int status = answered.ok() ? answered->status
               : cancelled   ? 0
                             : ServerResponse::problem(request, answered.error()).status;
  log.info(cancelled ? "request given up" : "request",
           {{"method", request.head.method},
            {"path", request.head.path()},
            {"status", status},
            {"took", Duration(clock.exact_now() - begun)},
            {"peer", request.peer.text()},
            {"id", request.head.headers.value(request_id_field)}});
  co_return std::move(answered);
}

Deferred<ServerResponse> answer_recovered(const Handler& handler, ServerRequest& request, Log log) {
  auto answered = co_await handler(request).result();
  if (answered.ok() || answered.error().is(Code::cancelled)) co_return std::move(answered);
  auto problem = ServerResponse::problem(request, answered.error());
  if (problem.status < 500) co_return std::move(problem);
  auto id = request.head.headers.value(request_id_field);
  log.error("a request failed", {{"method", request.head.method},
                                 {"path", request.head.path()},
                                 {"status", problem.status},
                                 {"id", id},
                                 {"error", answered.error()}});
  std::string told = "the server failed with this request";
  if (!id.empty()) told += ", which its log calls " + std::string(id);
  co_return ServerResponse::problem(problem.status, told);
}

bool good_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
}

Deferred<ServerResponse> answer_with_id(const Handler& handler, ServerRequest& request,
                                        std::string id) {
  auto answered = co_await handler(request).result();
  if (!answered.ok()) co_return std::move(answered);
  ServerResponse response = std::move(*answered);
  response.headers.set(Text::literal(request_id_field), std::move(id));
  co_return std::move(response);
}

}  // namespace

Handler logged(Handler handler, Clock& clock, Log log) {
  auto inner = std::make_shared<const Handler>(std::move(handler));
  return [inner, &clock, log](ServerRequest& request) {
    if (!log.on(LogLevel::info)) return (*inner)(request);
    return answer_logged(*inner, request, clock, log);
  };
}

Handler recovered(Handler handler, Log log) {
  auto inner = std::make_shared<const Handler>(std::move(handler));
  return [inner, log](ServerRequest& request) { return answer_recovered(*inner, request, log); };
}

Handler with_request_id(Handler handler, Clock& clock, Random& random) {
  auto inner = std::make_shared<const Handler>(std::move(handler));
  return [inner, &clock, &random](ServerRequest& request) {
    std::string id(request.head.headers.value(request_id_field));
    if (!good_id(id)) {
      id = make_id(clock.wall(), random.next(), random.next());
      request.head.headers.set(std::string(request_id_field), id);
    }
    return answer_with_id(*inner, request, std::move(id));
  };
}

}  // namespace berth::http
