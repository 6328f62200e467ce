#include <re2/re2.h>

#include <algorithm>

#include "base/strings.h"
#include "http/h1_writer.h"
#include "proxy/gateway/hop_fields.h"
#include "proxy/gateway/visit.h"

// What a Visit writes: heads for the service, for the client, and answers of our own.

namespace berth::proxy::gateway {
namespace {

bool is_cors_answer(std::string_view name) {
  return name.size() > 21 && equal_ignoring_case(name.substr(0, 21), "access-control-allow-");
}

}  // namespace

/// The path for the service: the client's in its normal form, or what the route makes of it.
void Visit::make_target(const http::RequestHead& head) {
  const Route& route = *match_.route;
  bool same = values_.path.data() == head.target.data();
  if (head.target == "*" || (same && !route.rewrite)) return;
  new_target_ = true;
  target_.clear();
  std::string_view query = head.query();
  if (!route.rewrite) {
    target_ = values_.path;
  } else if (route.rewrite->expression) {
    target_ = values_.path;
    re2::RE2::Replace(&target_, *route.rewrite->expression, route.rewrite->replacement);
  } else {
    route.rewrite->to->append(target_, values_);
    std::string_view rest = match_.rest;
    if (target_.ends_with('/') && rest.starts_with('/')) rest.remove_prefix(1);
    target_ += rest;
  }
  if (!target_.starts_with('/')) target_.insert(0, "/");
  if (head.target.find('?') != head.target.npos) {
    target_ += target_.find('?') == target_.npos ? '?' : '&';
    target_ += query;
  }
}

/// Fields that only the gateway may tell a service.
bool Visit::from_us(std::string_view field) const {
  for (auto& each : match_.route->authentications) {
    if (each->hides(field)) return true;
    if (!each->user_field.empty() && equal_ignoring_case(each->user_field, field)) return true;
    for (auto& [name, claim] : each->claims) {
      if (equal_ignoring_case(name, field)) return true;
    }
  }
  return tells_origin(field);
}

bool Visit::writes(std::string_view field) const {
  auto& rules = match_.route->request_headers.rules;
  return from_us(field) || std::ranges::any_of(rules, [&](auto& rule) {
           return equal_ignoring_case(rule.name, field);
         });
}

void Visit::append_request_head(std::string& out, const http::RequestHead& head,
                                bool (*own)(std::string_view field)) const {
  const Route& route = *match_.route;
  out.append(head.method).append(" ");
  out.append(new_target_ ? std::string_view(target_) : head.target).append(" HTTP/1.1\r\n");
  if (route.host) {
    out += "Host: ";
    route.host->append(out, values_);
    out += "\r\n";
  } else if (!head.authority.empty()) {
    http::append_header(out, "Host", head.authority);
  }
  bool own_host = route.host || !head.authority.empty();
  // HTTP/1.1 has a Host, if an empty one (RFC 9112 section 3.2).
  if (!own_host && head.minor == 0 && !head.headers.find("host")) out += "Host: \r\n";
  for (auto& header : head.headers) {
    if (stays_here(header, head) || from_us(header.name)) continue;
    if (own && own(header.name)) continue;
    if (own_host && equal_ignoring_case(header.name, "host")) continue;
    if (route.request_headers.drops(header.name)) continue;
    http::append_header(out, header.name, header.value);
  }
  append_forwarded(out, origin_);
  for (auto& each : route.authentications) {
    if (!each->user_field.empty() && !identity_.user.empty()) {
      http::append_header(out, each->user_field, identity_.user);
      break;
    }
  }
  for (auto& [name, value] : identity_.fields) http::append_header(out, name, value);
  route.request_headers.append(out, values_);
}

std::string_view Visit::file_path() const {
  const Route& route = *match_.route;
  if (route.rewrite) return std::string_view(target_).substr(0, target_.find('?'));
  bool behind = route.path_kind == Route::PathKind::prefix && route.path != "/";
  return behind ? match_.rest : values_.path;
}

void Visit::add_own_field(std::string_view name, std::string_view value) {
  http::append_header(own_fields_, name, value);
}

bool Visit::keeps(std::string_view field) const {
  const Route& route = *match_.route;
  if (route.response_headers.drops(field)) return false;
  if (!cors_origin_.empty() && is_cors_answer(field)) return false;
  bool hsts = entrance_->secured && (!route.hsts.empty() || !entrance_->hsts.empty());
  return !hsts || !equal_ignoring_case(field, "strict-transport-security");
}

void Visit::append_answer_fields(std::string& out) const {
  const Route* route = match_.route;
  if (entrance_->secured) {
    auto& hsts = route && !route->hsts.empty() ? route->hsts : entrance_->hsts;
    if (!hsts.empty()) http::append_header(out, "Strict-Transport-Security", hsts);
  }
  if (!route) return;
  route->response_headers.append(out, values_);
  if (!route->cors) return;
  if (!cors_origin_.empty()) route->cors->append(out, cors_origin_);
  if (!route->cors->all()) http::append_header(out, "Vary", "Origin");
}

void Visit::append_own(std::string& out, int status, std::string_view reason, bool close,
                       bool with_body) const {
  const Route* route = match_.route;
  std::string_view words = http::reason_of(status);
  out += "HTTP/1.1 " + std::to_string(status) + " " + std::string(words) + "\r\n";
  const Page* page = route ? page_for(route->pages, status) : nullptr;
  if (!page && gateway_) page = page_for(gateway_->pages, status);
  std::string text =
      std::to_string(status) + " " + std::string(words) + "\n" + std::string(reason) + "\n";
  std::string_view body = text;
  std::string_view type = "text/plain; charset=utf-8";
  if (!challenge_.empty()) {
    body = challenge_;
    type = "application/octet-stream";
  } else if (route && responds_) {
    body = route->respond->text;
    type = route->respond->type;
  } else if (page && status >= 400) {
    body = page->text;
    type = page->type;
  }
  if (http::may_have_content(status)) {
    http::append_header(out, "Content-Type", type);
    http::append_header(out, "Content-Length", std::to_string(body.size()));
  }
  if (!reason.empty()) http::append_header(out, "X-Berth-Reason", reason);
  out += own_fields_;
  bool preflight = status == 204 && !cors_origin_.empty();
  if (preflight) {
    http::append_header(out, "Vary", "Origin");
  } else {
    append_answer_fields(out);
  }
  if (close) out += "Connection: close\r\n";
  out += "\r\n";
  if (with_body && http::may_have_content(status)) out += body;
}

}  // namespace berth::proxy::gateway
