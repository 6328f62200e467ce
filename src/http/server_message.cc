#include "http/server_message.h"

#include <span>

#include "base/json_writer.h"
#include "base/strings.h"
#include "http/url.h"

namespace berth::http {
namespace {

int status_of(Code code) {
  switch (code) {
    case Code::invalid:
      return 400;
    case Code::denied:
      return 403;
    case Code::not_found:
      return 404;
    case Code::already_exists:
    case Code::conflict:
      return 409;
    case Code::overloaded:
    case Code::unavailable:
    case Code::closed:
      return 503;
    case Code::timed_out:
      return 504;
    case Code::disk_full:
      return 507;
    case Code::unsupported:
      return 501;
    default:
      return 500;
  }
}

/// "application/json", "application/problem+json", with UTF-8 or no word of it (RFC 8259
/// section 8.1).
bool is_json(std::string_view content_type) {
  auto parts = split(content_type, ';');
  std::string type = lower(trim(parts.front()));
  bool json =
      type == "application/json" || (type.starts_with("application/") && type.ends_with("+json"));
  for (auto part : std::span(parts).subspan(1)) {
    auto parameter = split_once(part, '=');
    if (!parameter || !equal_ignoring_case(trim(parameter->first), "charset")) continue;
    std::string charset = lower(trim(parameter->second));
    json = json && (charset == "utf-8" || charset == "\"utf-8\"");
  }
  return json;
}

}  // namespace

std::string_view ServerRequest::parameter(std::string_view name) const {
  for (auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

std::string ServerRequest::query(std::string_view name) const {
  return query_value(head.query(), name);
}

Deferred<std::string> ServerRequest::body(std::size_t bytes_max) {
  if (head.framing.length > bytes_max) {
    content_fault = 413;
    co_return Error(Code::overloaded,
                    "the body is longer than " + std::to_string(bytes_max) + " bytes");
  }
  auto text = co_await read_all(*content, bytes_max).result();
  if (!text.ok() && text.error().is(Code::overloaded)) content_fault = 413;
  co_return std::move(text);
}

Deferred<Json> ServerRequest::json(std::size_t bytes_max) {
  std::string_view type = head.headers.value("content-type");
  if (!is_json(type)) {
    content_fault = 415;
    co_return Error(Code::invalid,
                    type.empty()
                        ? "the content has no content-type; it must be application/json"
                        : "the content must be application/json, not " + std::string(type));
  }
  auto parsed = Json::parse(co_await body(bytes_max));
  if (!parsed.ok()) content_fault = 400;
  co_return std::move(parsed);
}

ServerResponse ServerResponse::json(std::string text, int status) {
  return {status,
          {{"content-type", "application/json"}, {"cache-control", "no-store"}},
          Body(std::move(text))};
}

ServerResponse ServerResponse::json_value(const Json& value, int status) {
  return json(value.text(), status);
}

ServerResponse ServerResponse::text(Body text, int status) {
  return {status, {{"content-type", "text/plain; charset=utf-8"}}, std::move(text)};
}

ServerResponse ServerResponse::problem(int status, std::string_view detail) {
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  out.key("type").value("about:blank");
  out.key("title").value(reason_of(status));
  out.key("status").value(status);
  out.key("detail").value(detail);
  out.end_object();
  return {status,
          {{"content-type", "application/problem+json"}, {"cache-control", "no-store"}},
          Body(std::move(text))};
}

ServerResponse ServerResponse::problem(const Error& error) {
  return problem(status_of(error.code()), error.text());
}

ServerResponse ServerResponse::problem(const ServerRequest& request, const Error& error) {
  int status = request.content_fault ? request.content_fault : status_of(error.code());
  auto made = problem(status, error.text());
  if (status == 415) made.headers.emplace_back("accept", "application/json");
  return made;
}

}  // namespace berth::http
