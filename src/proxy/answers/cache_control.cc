#include "proxy/answers/cache_control.h"

#include "base/strings.h"
#include "http/h1_scan.h"

namespace berth::proxy {
namespace {

constexpr std::int64_t seconds_max = std::int64_t{1} << 31;

bool is(std::string_view name, std::string_view word) { return equal_ignoring_case(name, word); }

/// A lifetime: what cannot be read is none, so that nothing is used too long.
void take_lifetime(std::optional<Duration>& into, const DirectiveCursor& one) {
  if (!into) into = parse_delta_seconds(one.value()).value_or(Duration(0));
}
/// Leave to use more than what is fresh: what cannot be read gives none.
void take_leave(std::optional<Duration>& into, const DirectiveCursor& one) {
  if (!into) into = parse_delta_seconds(one.value());
}

template <class Take>
void each(const http::Headers& headers, Take&& take) {
  for (auto& header : headers) {
    if (!is(header.name, "cache-control")) continue;
    for (DirectiveCursor cursor(header.value); cursor.next();) take(cursor);
  }
}

}  // namespace

bool DirectiveCursor::next() {
  for (;;) {
    while (!rest_.empty() && (rest_[0] == ',' || rest_[0] == ' ' || rest_[0] == '\t'))
      rest_.remove_prefix(1);
    if (rest_.empty()) return false;
    std::size_t end = rest_.find_first_of("=,");
    name_ = trim(rest_.substr(0, end));
    value_ = {};
    has_value_ = end != rest_.npos && rest_[end] == '=';
    rest_.remove_prefix(std::min(rest_.size(), end));
    bool good = http::scan::is_token(name_);
    if (has_value_) {
      rest_.remove_prefix(1);
      if (rest_.starts_with('"')) {
        std::size_t at = 1;
        while (at < rest_.size() && rest_[at] != '"') at += rest_[at] == '\\' ? 2 : 1;
        // One that never ends takes all that is behind it.
        at = std::min(at, rest_.size());
        value_ = rest_.substr(1, at - 1);
        rest_.remove_prefix(std::min(rest_.size(), at + 1));
      } else {
        value_ = trim(rest_.substr(0, rest_.find(',')));
      }
      rest_.remove_prefix(std::min(rest_.size(), rest_.find(',')));
    }
    if (good) return true;
  }
}

std::optional<Duration> parse_delta_seconds(std::string_view text) {
  std::int64_t value = 0;
  if (text.empty()) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + (c - '0'), seconds_max);
  }
  return std::chrono::seconds(value);
}

RequestDirectives request_directives(const http::Headers& headers) {
  RequestDirectives out;
  each(headers, [&](const DirectiveCursor& one) {
    std::string_view name = one.name();
    if (is(name, "no-cache")) {
      out.no_cache = true;
    } else if (is(name, "no-store")) {
      out.no_store = true;
    } else if (is(name, "only-if-cached")) {
      out.only_if_cached = true;
    } else if (is(name, "max-age")) {
      take_lifetime(out.max_age, one);
    } else if (is(name, "min-fresh")) {
      take_leave(out.min_fresh, one);
    } else if (is(name, "max-stale")) {
      if (!one.has_value() && !out.max_stale) out.max_stale = Duration::max();
      take_leave(out.max_stale, one);
    } else if (is(name, "stale-if-error")) {
      take_leave(out.stale_if_error, one);
    }
  });
  return out;
}

AnswerDirectives answer_directives(const http::Headers& headers) {
  AnswerDirectives out;
  each(headers, [&](const DirectiveCursor& one) {
    std::string_view name = one.name();
    out.said = true;
    if (is(name, "no-cache")) {
      out.no_cache = true;
    } else if (is(name, "no-store")) {
      out.no_store = true;
    } else if (is(name, "private")) {
      out.is_private = true;
    } else if (is(name, "public")) {
      out.is_public = true;
    } else if (is(name, "must-revalidate")) {
      out.must_revalidate = true;
    } else if (is(name, "proxy-revalidate")) {
      out.proxy_revalidate = true;
    } else if (is(name, "must-understand")) {
      out.must_understand = true;
    } else if (is(name, "max-age")) {
      take_lifetime(out.max_age, one);
    } else if (is(name, "s-maxage")) {
      take_lifetime(out.s_maxage, one);
    } else if (is(name, "stale-while-revalidate")) {
      take_leave(out.stale_while_revalidate, one);
    } else if (is(name, "stale-if-error")) {
      take_leave(out.stale_if_error, one);
    }
  });
  return out;
}

}  // namespace berth::proxy
