#include "observe/parse/haproxy_line.h"

namespace berth::observe {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
/// What \s stands for.
bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }

/// Walks along a line. Each step takes what it names from the front, or says false and leaves it.
class Walk {
 public:
  explicit Walk(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }
  void back_to(const char* place) { at_ = place; }
  std::string_view from(const char* begin) const {
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }
  std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

  bool skip(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  /// As many as there are, at least one.
  template <class Is>
  bool some(std::string_view& out, Is is) {
    const char* begin = at_;
    while (at_ != end_ && is(*at_)) ++at_;
    out = from(begin);
    return at_ != begin;
  }
  template <class Is>
  std::string_view any(Is is) {
    std::string_view out;
    some(out, is);
    return out;
  }
  /// By its form: '0' is a digit, 'A' a capital, 'a' a small letter, '_' a blank or digit; others
  /// are themselves.
  bool form(std::string_view form) {
    if (rest().size() < form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
      char c = at_[i];
      bool fits = form[i] == '0'   ? digit(c)
                  : form[i] == 'A' ? c >= 'A' && c <= 'Z'
                  : form[i] == 'a' ? c >= 'a' && c <= 'z'
                  : form[i] == '_' ? c == ' ' || digit(c)
                                   : c == form[i];
      if (!fits) return false;
    }
    at_ += form.size();
    return true;
  }
  /// A word, up to a blank.
  bool word(std::string_view& out) {
    return some(out, [](char c) { return !blank(c); });
  }
  bool number(std::string_view& out) { return some(out, digit); }
  /// -?[0-9]+, with `plus` \+?-?[0-9]+
  bool signed_number(std::string_view& out, bool plus = false) {
    const char* begin = at_;
    if (plus) skip('+');
    skip('-');
    std::string_view digits;
    bool good = number(digits);
    out = from(begin);
    return good;
  }
  bool plus_number(std::string_view& out) {
    const char* begin = at_;
    skip('+');
    std::string_view digits;
    bool good = number(digits);
    out = from(begin);
    return good;
  }

 private:
  const char* at_;
  const char* end_;
};

bool iso_time(Walk& walk) {
  if (!walk.form("0000-00-00")) return false;
  if (!walk.skip('T') && !walk.skip(' ')) return false;
  if (!walk.form("00:00:00")) return false;
  const char* whole = walk.at();
  std::string_view digits;
  if ((walk.skip('.') || walk.skip(',')) && !walk.number(digits)) walk.back_to(whole);
  if (walk.skip('Z')) return true;
  const char* zone = walk.at();
  if (walk.skip('+') || walk.skip('-')) {
    if (!walk.form("00:00") && !walk.form("0000")) walk.back_to(zone);
  }
  return true;
}

/// "haproxy[12]:" or "haproxy:", without the blank behind it.
bool program(std::string_view word, HaproxyLine& out) {
  Walk walk(word);
  std::string_view name;
  std::string_view pid;
  if (!walk.some(name, [](char c) { return c != '[' && c != ']' && c != ':'; })) return false;
  if (walk.skip('[') && !(walk.number(pid) && walk.skip(']'))) return false;
  if (!walk.skip(':') || !walk.done()) return false;
  out.program = name;
  out.pid = pid;
  return true;
}

bool head(Walk& walk, HaproxyLine& out) {
  if (walk.skip('<')) {
    std::string_view priority;
    if (!walk.number(priority) || priority.size() > 3 || !walk.skip('>')) return false;
  }
  const char* begin = walk.at();
  if (walk.form("Aaa _0 00:00:00")) {
    out.syslog_time = walk.from(begin);
  } else if (iso_time(walk)) {
    out.syslog_time_iso = walk.from(begin);
  } else {
    return false;
  }
  std::string_view word;
  if (!walk.skip(' ') || !walk.word(word)) return false;
  if (word.back() != ':') {
    out.host = word;
    if (!walk.skip(' ') || !walk.word(word)) return false;
  }
  return program(word, out) && walk.skip(' ');
}

/// ADDRESS:PORT, where the address may have colons: the last one counts.
bool client(Walk& walk, HaproxyLine& out) {
  std::string_view all;
  if (walk.rest().starts_with("unix:")) {
    for (int i = 0; i < 5; ++i) walk.skip("unix:"[i]);
    out.client = "unix";
    return walk.number(out.client_port);
  }
  auto of_address = [](char c) {
    return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
  };
  if (!walk.some(all, of_address)) return false;
  std::size_t colon = all.rfind(':');
  if (colon == all.npos || colon == 0 || colon + 1 == all.size()) return false;
  out.client = all.substr(0, colon);
  out.client_port = all.substr(colon + 1);
  for (char c : out.client_port) {
    if (!digit(c)) return false;
  }
  return true;
}

bool who(Walk& walk, HaproxyLine& out) {
  if (!client(walk, out) || !walk.skip(' ') || !walk.skip('[')) return false;
  const char* begin = walk.at();
  if (!walk.form("00/Aaa/0000:00:00:00.000")) return false;
  out.accepted = walk.from(begin);
  if (!walk.skip(']') || !walk.skip(' ')) return false;
  if (!walk.word(out.frontend) || !walk.skip(' ')) return false;
  if (!walk.some(out.backend, [](char c) { return c != '/' && !blank(c); })) return false;
  return walk.skip('/') && walk.word(out.server) && walk.skip(' ');
}

/// The timers and what differs with their number: five are HTTP's, three TCP's.
bool timers(Walk& walk, HaproxyLine& out) {
  std::string_view* first = &out.waiting;
  if (!walk.signed_number(out.waiting) || !walk.skip('/')) return false;
  if (!walk.signed_number(out.connecting) || !walk.skip('/')) return false;
  if (!walk.signed_number(out.total, true)) return false;
  if (walk.skip(' ')) return walk.plus_number(out.bytes) && walk.skip(' ');
  if (out.total.front() == '+' || !walk.skip('/')) return false;
  out.http = true;
  out.request = *first;
  out.waiting = out.connecting;
  out.connecting = out.total;
  if (!walk.signed_number(out.response) || !walk.skip('/')) return false;
  if (!walk.signed_number(out.total, true) || !walk.skip(' ')) return false;
  if (!walk.signed_number(out.status) || !walk.skip(' ')) return false;
  if (!walk.plus_number(out.bytes) || !walk.skip(' ')) return false;
  if (!walk.word(out.request_cookie) || !walk.skip(' ')) return false;
  return walk.word(out.response_cookie) && walk.skip(' ');
}

bool load(Walk& walk, HaproxyLine& out) {
  if (!walk.word(out.termination) || !walk.skip(' ')) return false;
  for (auto& count : out.connections) {
    if (!walk.number(count) || !walk.skip('/')) return false;
  }
  if (!walk.plus_number(out.retries) || !walk.skip(' ')) return false;
  return walk.number(out.server_queue) && walk.skip('/') && walk.number(out.backend_queue);
}

/// " {...}", whose end may be missing.
void braces(Walk& walk, std::string_view& out) {
  const char* begin = walk.at();
  if (!walk.skip(' ') || !walk.skip('{')) {
    walk.back_to(begin);
    return;
  }
  out = walk.any([](char c) { return c != '}'; });
  walk.skip('}');
}

void request_line(Walk& walk, HaproxyLine& out) {
  const char* begin = walk.at();
  if (!walk.skip(' ') || !walk.skip('"')) {
    walk.back_to(begin);
    return;
  }
  auto of_method = [](char c) { return letter(c) || digit(c) || c == '_' || c == '-'; };
  if (!walk.some(out.method, of_method) || !walk.skip(' ')) return;
  out.target = walk.any([](char c) { return c != '"' && !blank(c); });
  if (!walk.skip(' ')) return;
  for (char c : {'H', 'T', 'T', 'P', '/'}) {
    if (!walk.skip(c)) return;
  }
  out.version = walk.any([](char c) { return digit(c) || c == '.'; });
}

}  // namespace

bool read_haproxy_line(std::string_view line, HaproxyLine& out) {
  out = {};
  Walk walk(line);
  if (!head(walk, out)) {
    // Without syslog's head: as the syslog receiver, which has read it, hands lines over.
    out = {};
    walk = Walk(line);
  }
  if (!who(walk, out) || !timers(walk, out) || !load(walk, out)) return false;
  if (!out.http) return true;
  braces(walk, out.request_headers);
  braces(walk, out.response_headers);
  request_line(walk, out);
  return true;
}

}  // namespace berth::observe
