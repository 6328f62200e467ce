#pragma once

#include <string_view>

#include "observe/parse/pattern_set.h"
#include "observe/parse/record.h"

namespace berth::observe {

/// One line of HAProxy's (its configuration manual, 8.2.2 and 8.2.3; option httplog and tcplog), or
/// of our proxy's, in parts that borrow from it. Empty parts were not there. The same lines are
/// taken, with the same fields, as by "\A%{HAPROXYHTTP}" and "\A%{HAPROXYTCP}" of our patterns.
struct HaproxyLine {
  bool http = false;  // else TCP
  // Syslog's head, where there is one; not all of it has to be there.
  std::string_view syslog_time;
  std::string_view syslog_time_iso;
  std::string_view host;
  std::string_view program;
  std::string_view pid;

  std::string_view client;
  std::string_view client_port;
  std::string_view accepted;  // 24/Nov/2026:12:00:00.123
  std::string_view frontend;
  std::string_view backend;
  std::string_view server;  // "<NOSRV>": none
  // Milliseconds, "-1" where that point was not reached. Tr, Tw, Tc, TR of HTTP; Tw, Tc of TCP.
  std::string_view request;
  std::string_view waiting;
  std::string_view connecting;
  std::string_view response;
  std::string_view total;
  std::string_view status;
  std::string_view bytes;
  std::string_view request_cookie;
  std::string_view response_cookie;
  std::string_view termination;
  std::string_view connections[4];  // of process, frontend, backend, server
  std::string_view retries;
  std::string_view server_queue;
  std::string_view backend_queue;
  std::string_view request_headers;
  std::string_view response_headers;
  std::string_view method;
  std::string_view target;
  std::string_view version;

  /// Adds the fields of the grok pattern, in its order.
  void add_fields(Record& record, FieldNames names) const;
};

/// Reads a line from its begin; what stands behind the request is not looked at. The end may be
/// missing from anywhere behind the queues on, since HAProxy cuts at `log ... len`. False if it is
/// no such line. Does not allocate.
bool read_haproxy_line(std::string_view line, HaproxyLine& out);

}  // namespace berth::observe
