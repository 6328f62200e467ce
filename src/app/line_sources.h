#pragma once

#include <string_view>

#include "http/access_record.h"
#include "observe/logs/log_store.h"
#include "observe/syslog_server.h"

namespace berth::app {

/// Puts a request into the logs as a line of its service: "GET /users/17 answered 200 in 4.2 ms",
/// at the time at which it ended. Its fields stand in docs/formats/log_lines.md; kind is "request".
void append_request(observe::LogStore& store, std::string_view host,
                    const http::AccessRecord& record);
/// Puts a syslog message into the logs as a line of its program.
void append_syslog(observe::LogStore& store, const observe::SyslogReceived& received);

}  // namespace berth::app
