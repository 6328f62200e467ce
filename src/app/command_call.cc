#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/words.h"
#include "base/strings.h"
#include "base/units.h"
#include "http/client.h"

// berth call: one request to a service's VIP, through the balancer, as another service would send.

namespace berth::app {
namespace {

Result<http::Request> request_of(const CallArguments& arguments, const std::string& host) {
  http::Request request;
  request.host = host;
  request.method = !arguments.method.empty() ? arguments.method : arguments.body ? "POST" : "GET";
  request.target = arguments.path.starts_with('/') ? arguments.path : "/" + arguments.path;
  for (std::size_t at; (at = request.target.find(' ')) != std::string::npos;) {
    request.target.replace(at, 1, "%20");
  }
  bool typed = false;
  for (auto& header : arguments.headers) {
    auto pair = split_once(header, ':');
    if (!pair) return Error(Code::invalid, "a header is 'Name: value', found '" + header + "'");
    if (equal_ignoring_case(pair->first, "host")) {
      request.host = trim(pair->second);
      continue;
    }
    typed = typed || equal_ignoring_case(pair->first, "content-type");
    request.headers.emplace_back(trim(pair->first), trim(pair->second));
  }
  if (!arguments.body) return request;
  std::string body = TRY(body_of(*arguments.body));
  bool json = Json::parse(body).ok();
  if (!typed)
    request.headers.emplace_back("content-type", json ? "application/json" : "text/plain");
  request.body = http::Body(std::move(body));
  return request;
}

std::string status_line(const http::Response& response) {
  return fmt::format("{} {}", response.status(), http::reason_of(response.status()));
}

void print_head(const Output& output, const http::Response& response) {
  output.line(output.style.bold(status_line(response)));
  for (auto& header : response.headers()) {
    output.line(fmt::format("{}: {}", printable(header.name), printable(header.value)));
  }
  output.line("");
}

Deferred<void> print_json(const Output& output, http::Response response, Duration took) {
  Json json = Json::object();
  json.set("status", response.status());
  json.set("seconds", seconds_of(took));
  Json headers = Json::object();
  for (auto& header : response.headers()) headers.set(lower(header.name), header.value);
  json.set("headers", std::move(headers));
  json.set("body", co_await response.text());
  output.line(json.text());
}

/// As it comes, of any size.
Deferred<void> print_body(const Output& output, http::Response response) {
  bool open_line = false;
  for (;;) {
    Bytes part = co_await response.read();
    if (part.empty()) break;
    output.out(part.view());
    open_line = !part.view().ends_with('\n');
  }
  if (open_line && output.to_terminal) output.out("\n");
}

}  // namespace

Deferred<int> run(Session& session, CallArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  const Output& output = session.output;
  Json state = co_await api->get("/v1/state");
  std::string name = co_await or_return(service_named(state, arguments.service));
  Json found = co_await api->get("/v1/resolve/" + name);
  std::string place = fmt::format("{}:{}", found["address"].string_or(""), text_of(found["port"]));
  auto address = Address::parse(place);
  if (!address.ok() || address->port() == 0) {
    co_return Error(Code::conflict, name + " has no port, so it cannot be called");
  }
  auto request =
      co_await or_return(request_of(arguments, name + ":" + std::to_string(address->port())));
  http::Client client(session.reactor, session.network);
  MonotonicTime begun = session.reactor.exact_now();
  auto answer = co_await client.send(*address, std::move(request), arguments.timeout).result();
  if (!answer.ok() && answer.error().is(Code::refused)) {
    co_return Error(Code::unavailable, "nothing answers for " + name + " at " + place +
                                           "; its proxy does not run, see: berth doctor");
  }
  http::Response response = co_await or_return(std::move(answer));
  Duration took = session.reactor.exact_now() - begun;
  int status = response.status();
  std::string told =
      fmt::format("{} in {}, {} at {}", status_line(response), format_duration(took), name, place);
  if (output.json) {
    co_await print_json(output, std::move(response), took);
  } else {
    if (arguments.show_head) print_head(output, response);
    co_await print_body(output, std::move(response));
    // A body is told apart from words about it also where both go to one terminal.
    if (status >= 400) {
      output.err("berth: " + told + "\n");
    } else if (output.to_terminal) {
      output.err(output.style.dim(told) + "\n");
    }
  }
  co_return status < 400 ? exit_done : exit_failed;
}

}  // namespace berth::app
