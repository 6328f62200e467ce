#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "http/server.h"

namespace berth::console {

/// A request's JSON body, or the answer that refuses it: 413 beyond `bytes_max`, 400 for what is
/// no JSON object. No body at all is an empty object.
struct JsonBody {
  Json json;
  std::optional<http::ServerResponse> refused;
};
Deferred<JsonBody> read_json_body(http::ServerRequest& request, std::size_t bytes_max);

}  // namespace berth::console
