#include "observe/promql/matcher.h"

#include <re2/re2.h>

namespace berth::promql {

Result<std::shared_ptr<const re2::RE2>> compile_pattern(std::string_view text) {
  if (text.size() > Matcher::pattern_bytes_max) {
    return Error(Code::invalid, "a regular expression may have at most 10000 bytes");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(4 << 20);
  auto pattern =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!pattern->ok()) {
    return Error(Code::invalid, "error parsing regexp: " + pattern->error());
  }
  return std::shared_ptr<const re2::RE2>(std::move(pattern));
}

Result<Matcher> Matcher::make(Kind kind, std::string name, std::string value) {
  Matcher out(kind, std::move(name), std::move(value));
  if (kind == Kind::matches || kind == Kind::matches_not) {
    out.pattern_ = TRY(compile_pattern(out.value_));
  }
  return out;
}

bool Matcher::accepts(std::string_view value) const {
  auto whole = [&] {
    return re2::RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *pattern_);
  };
  switch (kind_) {
    case Kind::equal:
      return value == value_;
    case Kind::not_equal:
      return value != value_;
    case Kind::matches:
      return whole();
    case Kind::matches_not:
      return !whole();
  }
  return false;
}

}  // namespace berth::promql
