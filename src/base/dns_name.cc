#include "base/dns_name.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/strings.h"

namespace berth {

namespace {
/// The length byte at `at`; plain char is signed.
std::size_t length_at(std::string_view wire, std::size_t at) {
  return static_cast<unsigned char>(wire[at]);
}
}  // namespace

Result<DnsName> DnsName::parse(std::string_view text) {
  std::string_view rest = text;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  std::string wire;
  if (!rest.empty()) {
    for (std::string_view label : split(rest, '.')) {
      if (label.empty() || label.size() > label_bytes_max)
        return Error(Code::invalid, fmt::format("'{}' is not a DNS name: each label has 1 to {} "
                                                "characters",
                                                text.substr(0, 80), label_bytes_max));
      wire += static_cast<char>(label.size());
      wire += label;
    }
  }
  wire += '\0';
  if (wire.size() > wire_bytes_max)
    return Error(Code::invalid,
                 fmt::format("'{}...' is longer than a DNS name may be", text.substr(0, 80)));
  return from_wire(std::move(wire));
}

DnsName DnsName::from_wire(std::string wire) {
  check(!wire.empty() && wire.size() <= wire_bytes_max && wire.back() == '\0',
        "bytes that are no DNS name");
  DnsName out;
  out.wire_ = std::move(wire);
  return out;
}

std::size_t DnsName::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != '\0'; at += 1 + length_at(wire_, at)) count++;
  return count;
}

std::string_view DnsName::label(std::size_t index) const {
  std::size_t at = 0;
  while (index-- > 0 && wire_[at] != '\0') at += 1 + length_at(wire_, at);
  return std::string_view(wire_).substr(at + 1, length_at(wire_, at));
}

std::vector<std::string_view> DnsName::labels() const {
  std::vector<std::string_view> out;
  std::string_view wire = wire_;
  for (std::size_t at = 0; wire[at] != '\0'; at += 1 + length_at(wire, at))
    out.push_back(wire.substr(at + 1, length_at(wire, at)));
  return out;
}

bool DnsName::is_within(const DnsName& zone) const {
  if (wire_.size() < zone.wire_.size()) return false;
  std::size_t start = wire_.size() - zone.wire_.size();
  std::size_t at = 0;
  while (at < start) at += 1 + length_at(wire_, at);
  return at == start && equal_ignoring_case(std::string_view(wire_).substr(start), zone.wire_);
}

std::string DnsName::text() const {
  if (is_root()) return ".";
  std::string out;
  for (std::string_view label : labels()) {
    for (char c : label) {
      if (c == '.' || c == '\\')
        out.append({'\\', c});
      else if (c > ' ' && c < 0x7f)
        out += c;
      else
        fmt::format_to(std::back_inserter(out), "\\{:03}", static_cast<unsigned char>(c));
    }
    out += '.';
  }
  return out;
}

bool DnsName::operator==(const DnsName& other) const {
  // Length bytes are at most 63 and so never letters.
  return equal_ignoring_case(wire_, other.wire_);
}

}  // namespace berth
