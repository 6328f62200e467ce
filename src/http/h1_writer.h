#pragma once

#include <string>

#include "async/network.h"
#include "http/body.h"
#include "http/message.h"

namespace berth::http {

/// Appends "name: value CR LF". The caller has made sure that neither holds a line end.
void append_header(std::string& out, std::string_view name, std::string_view value);
/// True if the value may be written into a head: no CR, LF or NUL.
bool writable_value(std::string_view value);

/// Sends a head that is complete but for the body's framing and the final empty line, which this
/// adds, then the body; `with_body` false leaves the body out (HEAD). Ends with what the stream
/// answered.
Deferred<void> write_message(ByteStream& stream, std::string head, Body body,
                             bool with_body = true);

}  // namespace berth::http
