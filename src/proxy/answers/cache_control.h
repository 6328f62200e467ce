#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"
#include "http/message.h"

namespace berth::proxy {

/// One Cache-Control field's directives, one after another (RFC 9111 section 5.2): `name`, or
/// `name=value`, or `name="quoted"`. What is none is passed over to the next comma.
class DirectiveCursor {
 public:
  explicit DirectiveCursor(std::string_view field) : rest_(field) {}

  /// False at the end.
  bool next();
  std::string_view name() const { return name_; }
  /// Of a quoted one what stands between its quotes, as it stands there.
  std::string_view value() const { return value_; }
  bool has_value() const { return has_value_; }

 private:
  std::string_view rest_;
  std::string_view name_;
  std::string_view value_;
  bool has_value_ = false;
};

/// Seconds as section 1.2.2 has them: what is too large counts as 2^31; nothing for what is none.
std::optional<Duration> parse_delta_seconds(std::string_view text);

/// What a request asks of caches (section 5.2.1, RFC 5861 section 4).
struct RequestDirectives {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<Duration> max_age;
  std::optional<Duration> min_fresh;
  std::optional<Duration> max_stale;  // Duration::max(): any
  std::optional<Duration> stale_if_error;
};
RequestDirectives request_directives(const http::Headers& headers);

/// What an answer says to caches (section 5.2.2, RFC 5861). Where a directive is there twice the
/// first counts; a lifetime that is no number is none (section 4.2.1).
struct AnswerDirectives {
  bool said = false;      // there is a Cache-Control
  bool no_cache = false;  // with names of fields too: those are not told apart
  bool no_store = false;
  bool is_private = false;  // the same
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  std::optional<Duration> max_age;
  std::optional<Duration> s_maxage;
  std::optional<Duration> stale_while_revalidate;
  std::optional<Duration> stale_if_error;
};
AnswerDirectives answer_directives(const http::Headers& headers);

}  // namespace berth::proxy
