#pragma once

#include <string>

#include "app/api_place.h"
#include "app/event_stream.h"
#include "async/clock.h"
#include "async/network.h"
#include "base/json.h"
#include "http/client.h"

namespace berth::app {

/// What the API answered to one request.
struct ApiAnswer {
  int status = 0;
  Json json;  // null if the body is no JSON

  bool good() const { return status >= 200 && status < 300; }
};

/// Speaks Berth's HTTP API (docs/formats/api.md) with the token of its place. One reactor; streams
/// may outlive it. Errors: unavailable (nothing answers, or somebody else does), timed_out after
/// `answer_timeout`, and for what the API refuses the code that fits its status (404 not_found, 409
/// conflict, 422 and 400 invalid, 503 overloaded) with its own sentence.
class ApiClient {
 public:
  static constexpr Duration answer_timeout = 15s;

  ApiClient(Clock& clock, Network& network, ApiPlace place);

  const ApiPlace& place() const { return place_; }
  /// What was answered, good or not.
  Deferred<ApiAnswer> ask(std::string method, std::string target, std::string body = "",
                          std::string type = "application/json");
  /// A good answer's JSON, or the error.
  Deferred<Json> get(std::string target);
  Deferred<Json> post(std::string target, std::string body = "",
                      std::string type = "application/json");
  /// Server-sent events.
  Deferred<EventStream> events(std::string target);
  /// An answer whose body comes bit by bit. Its head may take as long as it takes: a deploy builds.
  Deferred<http::Response> stream(std::string method, std::string target, std::string body = "");

  /// The error for an answer that is not good.
  static Error refusal(const ApiAnswer& answer);

 private:
  Deferred<http::Response> send(std::string method, std::string target, std::string body,
                                std::string type, Duration limit);

  Clock& clock_;
  ApiPlace place_;
  http::Client client_;
};

/// The answer's body as JSON.
Deferred<ApiAnswer> whole_answer(http::Response response);

}  // namespace berth::app
