#include "proxy/remarkable.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::proxy {
namespace {

constexpr std::int64_t minute = 60'000'000'000;

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  for (std::size_t i = 0; i + word.size() <= text.size(); ++i) {
    if (equal_ignoring_case(text.substr(i, word.size()), word)) return true;
  }
  return false;
}

using Secret = std::function<bool(std::string_view)>;

void write_fields(std::string& out, const http::Headers& fields, const Secret& secret) {
  out.clear();
  for (auto& field : fields) {
    bool hidden = Remarkable::is_secret(field.name) || secret(field.name);
    std::string_view value = hidden ? "(left out)" : field.value;
    if (out.size() + field.name.size() + value.size() + 3 > Remarkable::fields_bytes_max) {
      out += "...\n";
      return;
    }
    out.append(field.name).append(": ").append(value).append("\n");
  }
}

/// The target with the values of secret parameters left out.
void write_target(std::string& out, std::string_view target, const Secret& secret) {
  target = target.substr(0, Remarkable::target_bytes_max);
  std::size_t mark = std::min(target.find('?'), target.size());
  out.assign(target.substr(0, mark));
  std::string_view rest = target.substr(mark);
  while (!rest.empty()) {
    out += rest[0];  // '?' or '&'
    rest.remove_prefix(1);
    std::string_view one = rest.substr(0, rest.find('&'));
    std::string_view name = one.substr(0, one.find('='));
    bool hidden = name.size() < one.size() && (Remarkable::is_secret(name) || secret(name));
    out.append(hidden ? name : one);
    if (hidden) out += "=(left out)";
    rest.remove_prefix(one.size());
  }
}

void write(Remarkable::Request& to, const http::AccessRecord& r, const Address& client,
           const http::Headers& asked, const http::Headers& answered, const Secret& secret) {
  to.accepted = r.accepted;
  to.request = r.request;
  to.waiting = r.waiting;
  to.connecting = r.connecting;
  to.response = r.response;
  to.total = r.total;
  to.bytes_in = r.bytes_in;
  to.bytes_out = r.bytes_out;
  to.status = r.status;
  to.retries = r.retries;
  std::ranges::copy(r.termination, to.termination.begin());
  to.client = client.text();
  to.frontend.assign(r.frontend);
  to.backend.assign(r.backend);
  to.server.assign(r.server);
  to.caller.assign(r.caller);
  to.method.assign(r.method);
  write_target(to.target, r.target, secret);
  write_fields(to.asked, asked, secret);
  write_fields(to.answered, answered, secret);
}

}  // namespace

bool Remarkable::is_failure(const http::AccessRecord& record) {
  char who = record.termination[0];
  return record.status >= 500 || record.status == 0 || who == 'S' || who == 's' || who == 'C' ||
         who == 'c';
}

bool Remarkable::is_secret(std::string_view name) {
  for (std::string_view word : {"auth", "cookie", "token", "secret", "password", "passwd", "apikey",
                                "api-key", "api_key", "session", "signature", "credential", "jwt"})
    if (contains_ignoring_case(name, word)) return true;
  return equal_ignoring_case(name, "key") || equal_ignoring_case(name, "code") ||
         equal_ignoring_case(name, "sig") || equal_ignoring_case(name, "pwd");
}

Remarkable::Minute& Remarkable::minute_of(std::int64_t ended) {
  std::int64_t begins = ended / minute * minute;
  if (minutes_[now_].begins >= begins) return minutes_[now_];  // clocks may go back a little
  if (minutes_[now_].begins != 0) now_ = (now_ + 1) % minutes_max;
  Minute& next = minutes_[now_];
  next.begins = begins;
  next.requests = next.failures = 0;
  next.slowest_count = next.failed_count = 0;
  next.least = 0;
  return next;
}

Remarkable::Request& Remarkable::place_among_slowest(Minute& minute) {
  auto& all = minute.slowest;
  if (minute.slowest_count < slowest_max) {
    if (minute.slowest_count == all.size()) all.emplace_back();
    return all[minute.slowest_count++];
  }
  return *std::ranges::min_element(all, {}, &Request::total);
}

void Remarkable::note(const http::AccessRecord& record, const Address& client,
                      const http::Headers& asked, const http::Headers& answered,
                      const Secret& secret) {
  Minute& minute = minute_of(record.accepted + record.total);
  ++minute.requests;
  if (is_failure(record)) {
    ++minute.failures;
    if (minute.failed_count < failed_max) {
      if (minute.failed_count == minute.failed.size()) minute.failed.emplace_back();
      write(minute.failed[minute.failed_count++], record, client, asked, answered, secret);
    }
    return;
  }
  bool full = minute.slowest_count == slowest_max;
  if (full && record.total <= minute.least) return;
  write(place_among_slowest(minute), record, client, asked, answered, secret);
  if (minute.slowest_count == slowest_max)
    minute.least = std::ranges::min_element(minute.slowest, {}, &Request::total)->total;
}

std::vector<const Remarkable::Minute*> Remarkable::minutes() const {
  std::vector<const Minute*> all;
  for (std::size_t i = 0; i < minutes_max; ++i) {
    auto& each = minutes_[(now_ + minutes_max - i) % minutes_max];
    if (each.begins != 0) all.push_back(&each);
  }
  return all;
}

}  // namespace berth::proxy
