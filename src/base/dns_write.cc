#include <algorithm>

#include "base/dns_message.h"

namespace berth {

namespace {

constexpr std::size_t edns_bytes = 11;

class DnsWriter {
 public:
  std::string& out() { return out_; }
  std::size_t size() const { return out_.size(); }

  void byte(std::uint8_t value) { out_ += static_cast<char>(value); }
  void two(std::uint16_t value) {
    byte(static_cast<std::uint8_t>(value >> 8));
    byte(static_cast<std::uint8_t>(value));
  }
  void four(std::uint32_t value) {
    two(static_cast<std::uint16_t>(value >> 16));
    two(static_cast<std::uint16_t>(value));
  }
  void set_two(std::size_t at, std::size_t value) {
    out_[at] = static_cast<char>(value >> 8);
    out_[at + 1] = static_cast<char>(value);
  }

  /// Writes labels until the rest of the name stands in the message already; then a pointer to it.
  /// `compress` is false where a pointer may not stand (the target of SRV, RFC 2782).
  void name(const DnsName& name, bool compress = true) {
    std::string_view rest = name.wire();
    while (rest.size() > 1) {
      std::size_t there = compress ? find(rest) : 0;
      if (there != 0) return two(static_cast<std::uint16_t>(0xc000 | there));
      if (size() < pointer_max && name_count_ < names_.size())
        names_[name_count_++] = static_cast<std::uint16_t>(size());
      std::size_t length = 1 + static_cast<unsigned char>(rest[0]);
      out_ += rest.substr(0, length);
      rest.remove_prefix(length);
    }
    byte(0);
  }

  /// Forgets everything from `size` on.
  void cut(std::size_t size) {
    out_.resize(size);
    while (name_count_ > 0 && names_[name_count_ - 1] >= size) name_count_--;
  }

 private:
  static constexpr std::size_t pointer_max = 0x4000;
  /// How many earlier names are looked at: enough for real answers, and writing stays linear.
  static constexpr std::size_t names_max = 32;

  /// Where `rest` stands in the message byte for byte, or 0.
  std::size_t find(std::string_view rest) const {
    for (std::size_t i = 0; i < name_count_; i++)
      if (stands_at(names_[i], rest)) return names_[i];
    return 0;
  }

  bool stands_at(std::size_t at, std::string_view rest) const {
    for (;;) {
      auto length = static_cast<unsigned char>(out_[at]);
      if (length >= 0xc0) {
        at = (length & 0x3fu) << 8 | static_cast<unsigned char>(out_[at + 1]);
        continue;
      }
      if (out_.compare(at, length + 1u, rest, 0, length + 1u) != 0) return false;
      if (length == 0) return true;
      at += length + 1u;
      rest.remove_prefix(length + 1u);
    }
  }

  std::string out_;
  std::array<std::uint16_t, names_max> names_;
  std::size_t name_count_ = 0;
};

struct WriteData {
  DnsWriter& out;

  void operator()(const DnsA& data) const {
    out.out().append(data.address.begin(), data.address.end());
  }
  void operator()(const DnsAaaa& data) const {
    out.out().append(data.address.begin(), data.address.end());
  }
  void operator()(const DnsPointer& data) const { out.name(data.name); }
  void operator()(const DnsSrv& data) const {
    out.two(data.priority);
    out.two(data.weight);
    out.two(data.port);
    out.name(data.target, false);
  }
  void operator()(const DnsTxt& data) const {
    for (const std::string& text : data.texts) {
      std::string_view part = std::string_view(text).substr(0, 255);
      out.byte(static_cast<std::uint8_t>(part.size()));
      out.out() += part;
    }
  }
  void operator()(const DnsSoa& data) const {
    out.name(data.server);
    out.name(data.mailbox);
    for (std::uint32_t field : {data.serial, data.refresh, data.retry, data.expire, data.minimum})
      out.four(field);
  }
  void operator()(const DnsOther& data) const { out.out() += data.bytes; }
};

/// False, and nothing written, if it does not fit.
bool write_record(DnsWriter& out, const DnsRecord& record, std::size_t bytes_max) {
  std::size_t start = out.size();
  out.name(record.name);
  out.two(static_cast<std::uint16_t>(record.type));
  out.two(record.dns_class);
  out.four(record.ttl_seconds);
  std::size_t length_at = out.size();
  out.two(0);
  std::visit(WriteData{out}, record.data);
  std::size_t length = out.size() - length_at - 2;
  if (out.size() > bytes_max || length > 0xffff) {
    out.cut(start);
    return false;
  }
  out.set_two(length_at, length);
  return true;
}

/// How many of the records were written.
std::size_t write_section(DnsWriter& out, const std::vector<DnsRecord>& records,
                          std::size_t bytes_max) {
  std::size_t count = 0;
  while (count < records.size() && write_record(out, records[count], bytes_max)) count++;
  return count;
}

std::uint16_t flags_of(const DnsMessage& message, bool truncated) {
  unsigned flags = static_cast<unsigned>(message.code) & 15;
  flags |= message.response ? 0x8000 : 0;
  flags |= (message.opcode & 15u) << 11;
  flags |= message.authoritative ? 0x0400 : 0;
  flags |= message.truncated || truncated ? 0x0200 : 0;
  flags |= message.recursion_desired ? 0x0100 : 0;
  flags |= message.recursion_available ? 0x0080 : 0;
  return static_cast<std::uint16_t>(flags);
}

}  // namespace

std::string write_dns(const DnsMessage& message, std::size_t bytes_max) {
  DnsWriter out;
  out.two(message.id);
  for (int i = 0; i < 5; i++) out.two(0);
  for (const DnsQuestion& question : message.questions) {
    out.name(question.name);
    out.two(static_cast<std::uint16_t>(question.type));
    out.two(question.dns_class);
  }
  std::size_t room = std::min(bytes_max, dns_message_bytes_max);
  room -= std::min(room, message.edns ? edns_bytes : 0);
  std::size_t answers = write_section(out, message.answers, room);
  bool truncated = answers < message.answers.size();
  std::size_t authorities = truncated ? 0 : write_section(out, message.authorities, room);
  truncated |= authorities < message.authorities.size();
  std::size_t additionals = truncated ? 0 : write_section(out, message.additionals, room);
  if (message.edns) {
    additionals++;
    out.byte(0);
    out.two(static_cast<std::uint16_t>(DnsType::opt));
    out.two(message.edns->udp_bytes);
    out.byte(static_cast<std::uint8_t>(static_cast<unsigned>(message.code) >> 4));
    out.byte(message.edns->version);
    out.two(message.edns->dnssec_ok ? 0x8000 : 0);
    out.two(0);
  }
  out.set_two(2, flags_of(message, truncated));
  out.set_two(4, message.questions.size());
  out.set_two(6, answers);
  out.set_two(8, authorities);
  out.set_two(10, additionals);
  return std::move(out.out());
}

}  // namespace berth
