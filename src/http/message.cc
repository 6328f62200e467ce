#include "http/message.h"

#include "base/strings.h"

namespace berth::http {

void Headers::remove(std::string_view name) {
  std::erase_if(list_, [&](const Header& h) { return equal_ignoring_case(h.name, name); });
}

const Header* Headers::find(std::string_view name) const {
  for (auto& header : list_) {
    if (header.name.size() == name.size() && equal_ignoring_case(header.name, name)) return &header;
  }
  return nullptr;
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (auto& header : list_) {
    if (header.name.size() != name.size() || !equal_ignoring_case(header.name, name)) continue;
    std::string_view rest = header.value;
    for (;;) {
      std::size_t comma = rest.find(',');
      if (equal_ignoring_case(trim(rest.substr(0, comma)), token)) return true;
      if (comma == rest.npos) break;
      rest.remove_prefix(comma + 1);
    }
  }
  return false;
}

std::string_view RequestHead::host() const {
  std::string_view host = authority.empty() ? headers.value("host") : authority;
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool RequestHead::expects_continue() const {
  return minor >= 1 && equal_ignoring_case(headers.value("expect"), "100-continue");
}

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE" ||
         method == "OPTIONS" || method == "TRACE";
}

namespace {
struct Reason {
  int status;
  std::string_view text;
};
constexpr Reason reasons[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};
}  // namespace

std::string_view reason_of(int status) {
  for (auto& reason : reasons) {
    if (reason.status == status) return reason.text;
  }
  return {};
}

}  // namespace berth::http
