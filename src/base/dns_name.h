#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth {

/// A DNS name (RFC 1035 section 3.1) as it stands in messages without compression: labels with a
/// length before each, ending with the empty label of the root; at most 255 bytes, labels at most
/// 63. Keeps the case it came in and compares without it (RFC 4343). A plain value; the default is
/// the root.
class DnsName {
 public:
  static constexpr std::size_t wire_bytes_max = 255;
  static constexpr std::size_t label_bytes_max = 63;

  DnsName() : wire_(1, '\0') {}
  /// Of "users.berth" or "users.berth."; no escapes. invalid for empty and overlong labels.
  static Result<DnsName> parse(std::string_view text);
  /// Takes bytes that are a name already (the readers of messages have checked them).
  static DnsName from_wire(std::string wire);

  std::string_view wire() const { return wire_; }
  bool is_root() const { return wire_.size() == 1; }
  std::size_t label_count() const;
  /// The label from the left, 0 first; views into this name.
  std::string_view label(std::size_t index) const;
  std::vector<std::string_view> labels() const;
  /// This name is `zone` or below it.
  bool is_within(const DnsName& zone) const;
  /// "users.berth." as RFC 4343 writes it: dots and odd bytes in labels as \. and \DDD.
  std::string text() const;

  /// Without case.
  bool operator==(const DnsName& other) const;

 private:
  std::string wire_;
};

}  // namespace berth
