#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/clock.h"
#include "async/world.h"
#include "base/json.h"
#include "http/client.h"

namespace berth::runtime {

/// An answer of the Docker Engine that comes as JSON values one behind another (build, pull).
class DockerJsonStream {
 public:
  explicit DockerJsonStream(http::Response response) : response_(std::move(response)) {}
  /// The next value; none at the end.
  Deferred<std::optional<Json>> next();

 private:
  static constexpr std::size_t line_bytes_max = 4 << 20;
  http::Response response_;
  std::string received_;
  bool ended_ = false;
};

/// The Docker Engine's HTTP API on its Unix socket (docs.docker.com/reference/api/engine). Speaks
/// version 1.41 (Docker 20.10), or what the Engine has, if all that it has is older or newer; asked
/// once. Errors: unavailable: nobody answers, denied: the socket is not for this user, each with
/// what to do; those of the Engine by status (400 invalid, 404 not_found, 409 conflict, else io)
/// with its own words.
class DockerApi {
 public:
  static constexpr Duration answer_timeout = 60s;

  DockerApi(World& world, std::string socket_path);

  /// One request with a small answer, as JSON; null for an empty one.
  Deferred<Json> call(std::string method, std::string target, Json body = {},
                      Duration timeout = answer_timeout);
  /// One whose answer is read by the caller. `timeout` is for its head.
  Deferred<http::Response> open(std::string method, std::string target, http::Body body = {},
                                std::string content_type = "", Duration timeout = answer_timeout);
  const std::string& socket_path() const { return address_.path(); }
  World& world() { return world_; }

 private:
  Deferred<void> negotiate();
  Error explain(Error error) const;

  World& world_;
  Address address_;
  http::Client client_;
  std::string version_;  // "/v1.41"; empty until asked
};

/// "?a=1&b=2", encoded.
std::string docker_query(const std::vector<std::pair<std::string, std::string>>& parameters);

}  // namespace berth::runtime
