#include <algorithm>
#include <utility>

#include "observe/parse/haproxy_line.h"
#include "observe/parse/number.h"

// The fields of a HAProxy line by name, for both sets of names; in the order of the grok patterns.

namespace berth::observe {
namespace {

/// The parts of a request's target, as HAPROXYURI takes them apart.
struct Target {
  std::string_view scheme;
  std::string_view user;
  std::string_view host_and_port;
  std::string_view host;
  std::string_view port;
  std::string_view path_and_query;
  std::string_view path;
  std::string_view query;
};

std::size_t span_until(std::string_view text, std::string_view ends) {
  return std::min(text.find_first_of(ends), text.size());
}

std::size_t scheme_length(std::string_view text) {
  std::size_t length = 0;
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  while (length < text.size() &&
         (letter(text[length]) ||
          (length > 0 && ((text[length] >= '0' && text[length] <= '9') || text[length] == '+' ||
                          text[length] == '.' || text[length] == '-')))) {
    ++length;
  }
  return length > 0 && text.substr(length).starts_with("://") ? length : 0;
}

void take_authority(std::string_view& rest, Target& out) {
  std::size_t user = span_until(rest, ":@/");
  std::size_t at = user;
  if (at < rest.size() && rest[at] == ':') at += 1 + span_until(rest.substr(at + 1), "@/");
  if (user > 0 && at < rest.size() && rest[at] == '@') {
    out.user = rest.substr(0, user);
    rest.remove_prefix(at + 1);
  }
  std::size_t close = rest.find(']');
  bool bracketed = rest.starts_with('[') && close != rest.npos;
  std::size_t host = bracketed ? close + 1 : span_until(rest, "/@?:#");
  out.host = rest.substr(0, host);
  std::size_t end = host;
  if (rest.substr(host).starts_with(':')) {
    std::size_t digits = rest.substr(host + 1).find_first_not_of("0123456789");
    digits = std::min(digits, rest.size() - host - 1);
    out.port = rest.substr(host + 1, digits);
    if (digits > 0) end = host + 1 + digits;
  }
  out.host_and_port = rest.substr(0, end);
  rest.remove_prefix(end);
}

Target target_of(std::string_view text) {
  Target out;
  std::size_t scheme = scheme_length(text);
  if (scheme > 0) {
    out.scheme = text.substr(0, scheme);
    text.remove_prefix(scheme + 3);
    take_authority(text, out);
  }
  out.path_and_query = text;
  std::size_t mark = text.find('?');
  out.path = text.substr(0, mark);
  if (mark != text.npos) out.query = text.substr(mark + 1);
  return out;
}

/// Adds what is there.
class Fields {
 public:
  explicit Fields(Record& record) : record_(record), empty_(record.fields.empty()) {}
  void text(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, Json(value));
  }
  void integer(std::string_view name, std::string_view value) {
    if (!value.empty()) add(name, Json(leading_integer(value)));
  }
  /// Not where it is -1: that point was not reached.
  void reached(std::string_view name, std::string_view value) {
    if (!value.starts_with('-')) integer(name, value);
  }
  void text_but_dash(std::string_view name, std::string_view value) {
    if (value != "-") text(name, value);
  }

 private:
  void add(std::string_view name, Json value) {
    // The names of one line differ: only what stood there before could have the same.
    if (empty_) {
      record_.fields.push_back({std::string(name), std::move(value)});
    } else {
      record_.add(name, std::move(value));
    }
  }

  Record& record_;
  bool empty_;
};

void add_legacy(const HaproxyLine& line, Fields& fields) {
  fields.text("syslog_timestamp", line.syslog_time);
  fields.text("timestamp8601", line.syslog_time_iso);
  fields.text("syslog_server", line.host);
  fields.text("program", line.program);
  fields.text("pid", line.pid);
  fields.text("client_ip", line.client);
  fields.text("client_port", line.client_port);
  fields.text("accept_date", line.accepted);
  fields.text("haproxy_monthday", line.accepted.substr(0, 2));
  fields.text("haproxy_month", line.accepted.substr(3, 3));
  fields.text("haproxy_year", line.accepted.substr(7, 4));
  fields.text("haproxy_time", line.accepted.substr(12, 8));
  fields.text("haproxy_hour", line.accepted.substr(12, 2));
  fields.text("haproxy_minute", line.accepted.substr(15, 2));
  fields.text("haproxy_second", line.accepted.substr(18, 2));
  fields.text("haproxy_milliseconds", line.accepted.substr(21, 3));
  fields.text("frontend_name", line.frontend);
  fields.text("backend_name", line.backend);
  fields.text("server_name", line.server);
  fields.text("time_request", line.request);
  fields.text("time_queue", line.waiting);
  fields.text("time_backend_connect", line.connecting);
  fields.text("time_backend_response", line.response);
  fields.text("time_duration", line.total);
  fields.text("http_status_code", line.status);
  fields.text("bytes_read", line.bytes);
  fields.text("captured_request_cookie", line.request_cookie);
  fields.text("captured_response_cookie", line.response_cookie);
  fields.text("termination_state", line.termination);
  fields.text("actconn", line.connections[0]);
  fields.text("feconn", line.connections[1]);
  fields.text("beconn", line.connections[2]);
  fields.text("srvconn", line.connections[3]);
  fields.text("retries", line.retries);
  fields.text("srv_queue", line.server_queue);
  fields.text("backend_queue", line.backend_queue);
  fields.text("captured_request_headers", line.request_headers);
  fields.text("captured_response_headers", line.response_headers);
  Target target = target_of(line.target);
  fields.text("http_verb", line.method);
  fields.text("http_proto", target.scheme);
  fields.text("http_user", target.user);
  fields.text("http_host", target.host_and_port);
  fields.text("port", target.port);
  fields.text("http_request", target.path_and_query);
  fields.text("http_version", line.version);
}

void add_ecs(const HaproxyLine& line, Fields& fields) {
  fields.text("timestamp", line.syslog_time);
  fields.text("timestamp", line.syslog_time_iso);
  fields.text("host.hostname", line.host);
  fields.text("process.name", line.program);
  fields.integer("process.pid", line.pid);
  fields.text("source.address", line.client);
  fields.integer("source.port", line.client_port);
  fields.text("haproxy.request_date", line.accepted);
  fields.text("haproxy.frontend_name", line.frontend);
  fields.text("haproxy.backend_name", line.backend);
  if (line.server != "<NOSRV>") fields.text("haproxy.server_name", line.server);
  fields.reached("haproxy.http.request.time_wait_ms", line.request);
  fields.reached("haproxy.total_waiting_time_ms", line.waiting);
  fields.reached("haproxy.connection_wait_time_ms", line.connecting);
  fields.reached("haproxy.http.request.time_wait_without_data_ms", line.response);
  fields.text("haproxy.total_time_ms", line.total);
  fields.reached("http.response.status_code", line.status);
  fields.integer("source.bytes", line.bytes);
  fields.text_but_dash("haproxy.http.request.captured_cookie", line.request_cookie);
  fields.text_but_dash("haproxy.http.response.captured_cookie", line.response_cookie);
  fields.text("haproxy.termination_state", line.termination);
  fields.integer("haproxy.connections.active", line.connections[0]);
  fields.integer("haproxy.connections.frontend", line.connections[1]);
  fields.integer("haproxy.connections.backend", line.connections[2]);
  fields.integer("haproxy.connections.server", line.connections[3]);
  fields.integer("haproxy.connections.retries", line.retries);
  fields.integer("haproxy.server_queue", line.server_queue);
  fields.integer("haproxy.backend_queue", line.backend_queue);
  fields.text("haproxy.http.request.captured_headers", line.request_headers);
  fields.text("haproxy.http.response.captured_headers", line.response_headers);
  Target target = target_of(line.target);
  fields.text("http.request.method", line.method);
  fields.text("url.original", line.target);
  fields.text("url.scheme", target.scheme);
  fields.text("url.username", target.user);
  fields.text("url.domain", target.host);
  fields.integer("url.port", target.port);
  fields.text("url.path", target.path);
  fields.text("url.query", target.query);
  fields.text("http.version", line.version);
}

}  // namespace

void HaproxyLine::add_fields(Record& record, FieldNames names) const {
  record.fields.reserve(48);
  Fields fields(record);
  names == FieldNames::legacy ? add_legacy(*this, fields) : add_ecs(*this, fields);
}

}  // namespace berth::observe
