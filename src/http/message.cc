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

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
  }
  return "";
}

}  // namespace berth::http
