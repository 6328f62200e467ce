#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "async/clock.h"

namespace berth::http {

/// The Date of answers (RFC 9110 section 6.6.1) in IMF-fixdate, written once a second at most: in
/// between it costs a comparison. Belongs to one reactor.
class DateField {
 public:
  explicit DateField(Clock& clock) : clock_(clock) {}
  /// "Sun, 06 Nov 1994 08:49:37 GMT"; good until the next call.
  std::string_view value() {
    if (clock_.now() >= good_until_) write();
    return {text_.data(), text_.size()};
  }

 private:
  void write();

  Clock& clock_;
  MonotonicTime good_until_{INT64_MIN};
  std::array<char, 29> text_;
};

}  // namespace berth::http
