#include "proxy/grpc_answer.h"

#include <fmt/format.h>

namespace berth::proxy {
namespace {

enum Status : int {
  cancelled = 1,
  unknown = 2,
  deadline_exceeded = 4,
  permission_denied = 7,
  resource_exhausted = 8,
  unimplemented = 12,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

Status status_of(int http_status) {
  switch (http_status) {
    case 400:
      return internal;
    case 401:
      return unauthenticated;
    case 403:
      return permission_denied;
    case 404:
      return unimplemented;
    case 413:
      return resource_exhausted;
    case 429:
    case 502:
    case 503:
      return unavailable;
    case 504:
      return deadline_exceeded;
    default:
      return unknown;
  }
}

/// By the code of the instance's RST_STREAM, where it says more than that the stream is gone.
std::optional<Status> status_of(const std::optional<Error>& broken_by) {
  if (!broken_by) return std::nullopt;
  if (broken_by->is(Code::closed)) return cancelled;
  if (broken_by->is(Code::overloaded)) return resource_exhausted;
  if (broken_by->is(Code::denied)) return permission_denied;
  return std::nullopt;
}

/// Status-Message: what is not printable, and '%', in percents.
std::string message_of(std::string_view reason) {
  std::string out;
  for (unsigned char c : reason) {
    if (c >= 0x20 && c <= 0x7e && c != '%') {
      out += static_cast<char>(c);
    } else {
      out += fmt::format("%{:02X}", c);
    }
  }
  return out;
}

}  // namespace

bool is_grpc(const http::RequestHead& request) {
  return request.method == "POST" &&
         request.headers.value("content-type").starts_with("application/grpc");
}

http::ServerResponse grpc_answer(const http::ResponseHead& own,
                                 const std::optional<Error>& broken_by) {
  http::ServerResponse answer;
  std::string_view reason = own.headers.value("x-berth-reason");
  Status status = own.status == 502 ? status_of(broken_by).value_or(status_of(own.status))
                                    : status_of(own.status);
  answer.headers.emplace_back("content-type", "application/grpc");
  answer.headers.emplace_back("grpc-status", std::to_string(static_cast<int>(status)));
  answer.headers.emplace_back("grpc-message", message_of(reason));
  answer.headers.emplace_back("x-berth-reason", std::string(reason));
  if (auto* wait = own.headers.find("retry-after")) {
    answer.headers.emplace_back("retry-after", std::string(wait->value));
  }
  return answer;
}

}  // namespace berth::proxy
