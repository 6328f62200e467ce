#include <algorithm>
#include <charconv>
#include <cstring>
#include <ctime>
#include <string>
#include <string_view>

#include "http/access_record.h"

// The lines that HAProxy writes (its configuration manual, section 8.2). One is written for each
// request, so by a cursor, with numbers by to_chars, and a second's date is made once.

namespace berth::http {
namespace {

constexpr std::size_t number_bytes_max = 20;
constexpr std::size_t numbers_max = 24;  // of a line, with what stands between them

/// What strftime makes of the same second again and again. One thread.
struct SecondText {
  std::time_t seconds = -1;  // none yet
  std::size_t size = 0;
  char text[40] = {};

  std::string_view of(std::time_t at, const char* format) {
    if (at != seconds) {
      std::tm local;
      localtime_r(&at, &local);
      size = std::strftime(text, sizeof text, format, &local);
      seconds = at;
    }
    return {text, size};
  }
};
constinit thread_local SecondText line_date;
constinit thread_local SecondText syslog_date;

/// HAProxy escapes these.
bool breaks_a_field(unsigned char c) { return c < 0x20 || c >= 0x7f || c == '"' || c == '#'; }

/// Writes where there is room enough.
class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}
  char* at() const { return at_; }

  Cursor& text(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    return *this;
  }
  Cursor& put(char c) {
    *at_++ = c;
    return *this;
  }
  template <class T>
  Cursor& number(T number) {
    at_ = std::to_chars(at_, at_ + number_bytes_max, number).ptr;
    return *this;
  }
  /// Milliseconds; -1 where it was not come to that.
  Cursor& timer(std::int64_t nanoseconds) {
    return number(nanoseconds < 0 ? std::int64_t{-1} : nanoseconds / 1'000'000);
  }
  /// What would break the line's fields as '#' and two hex digits.
  Cursor& escaped(std::string_view text) {
    for (unsigned char c : text) {
      if (!breaks_a_field(c)) {
        *at_++ = static_cast<char>(c);
        continue;
      }
      constexpr std::string_view digits = "0123456789ABCDEF";
      put('#').put(digits[c >> 4]).put(digits[c & 15]);
    }
    return *this;
  }

 private:
  char* at_;
};

std::string_view or_else(std::string_view text, std::string_view other) {
  return text.empty() ? other : text;
}

/// "10.1.2.3:51820 [24/Nov/2026:12:00:00.123] front back/back/1 "
void write_begin(Cursor& out, const AccessRecord& r, std::string_view backend) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.number(r.client_ip >> shift & 255).put(shift > 0 ? '.' : ':');
  }
  out.number(r.client_port).text(" [");
  out.text(line_date.of(static_cast<std::time_t>(r.accepted / 1'000'000'000), "%d/%b/%Y:%H:%M:%S"));
  auto ms = r.accepted / 1'000'000 % 1000;
  out.put('.').number(ms / 100).number(ms / 10 % 10).number(ms % 10).text("] ");
  out.text(r.frontend).put(' ').text(backend).put('/');
  out.text(or_else(r.server, "<NOSRV>")).put(' ');
}

void write_counts(Cursor& out, const AccessRecord& r) {
  out.number(r.process_connections).put('/').number(r.frontend_connections).put('/');
  out.number(r.backend_requests).put('/').number(r.server_requests).put('/').number(r.retries);
  out.text(" 0/").number(r.backend_queue);
}

/// Option tcplog (8.2.2).
void write_tcp(Cursor& out, const AccessRecord& r) {
  write_begin(out, r, or_else(r.backend, "-"));
  out.timer(r.waiting).put('/').timer(r.connecting).put('/').timer(r.total).put(' ');
  out.number(r.bytes_out).put(' ').text({r.termination, 2}).put(' ');
  write_counts(out, r);
}

/// Option httplog (8.2.3).
void write_http(Cursor& out, const AccessRecord& r) {
  write_begin(out, r, or_else(r.backend, r.frontend));
  out.timer(r.request).put('/').timer(r.waiting).put('/').timer(r.connecting).put('/');
  out.timer(r.response).put('/').timer(r.total).put(' ');
  out.number(r.status == 0 ? -1 : static_cast<int>(r.status)).put(' ').number(r.bytes_out);
  out.text(" - - ").text({r.termination, 4}).put(' ');
  write_counts(out, r);
  out.text(" \"");
  if (r.method.empty()) {
    out.text("<BADREQ>");
  } else {
    out.escaped(r.method).put(' ').escaped(r.target).text(" HTTP/1.1");
  }
  out.put('"');
}

}  // namespace

void append_haproxy_syslog_head(std::string& out, const AccessRecord& r) {
  auto seconds = static_cast<std::time_t>((r.accepted + r.total) / 1'000'000'000);
  out.append(syslog_date.of(seconds, "%b %e %H:%M:%S berth: "));
}

void append_haproxy_line(std::string& out, const AccessRecord& r) {
  std::size_t names = 2 * r.frontend.size() + r.backend.size() + r.server.size();
  std::size_t asked = 3 * (r.method.size() + r.target.size());
  std::size_t room = numbers_max * (number_bytes_max + 4) + names + asked;
  std::size_t before = out.size();
  out.resize_and_overwrite(before + room, [&](char* begin, std::size_t) {
    Cursor line(begin + before);
    is_tcp(r) ? write_tcp(line, r) : write_http(line, r);
    return static_cast<std::size_t>(line.at() - begin);
  });
}

std::string haproxy_line(const AccessRecord& record) {
  std::string line;
  append_haproxy_line(line, record);
  return line;
}

}  // namespace berth::http
