#include "console/request_body.h"

#include "base/units.h"

namespace berth::console {

Deferred<JsonBody> read_json_body(http::ServerRequest& request, std::size_t bytes_max) {
  using http::ServerResponse;
  JsonBody body;
  auto text = co_await request.body(bytes_max).result();
  if (!text.ok() && text.error().is(Code::overloaded)) {
    body.refused = ServerResponse::problem(
        413, "the body is longer than " + format_size(static_cast<std::int64_t>(bytes_max)));
    co_return body;
  }
  std::string given = co_await or_return(std::move(text));
  if (given.empty()) given = "{}";
  auto json = Json::parse(given);
  if (!json.ok()) {
    body.refused = ServerResponse::problem(json.error());
  } else if (!json->is_object()) {
    body.refused = ServerResponse::problem(
        400, "the body must be a JSON object, found " + std::string(json->kind()));
  } else {
    body.json = std::move(*json);
  }
  co_return body;
}

}  // namespace berth::console
