#include "proxy/gateway/proxy_protocol.h"

#include <gtest/gtest.h>

#include "base/hash.h"

namespace berth::proxy::gateway {
namespace {

Address ip(std::string_view text) { return Address::parse(text).value(); }

ProxyHeader whole(std::string_view text) {
  auto read = read_proxy_header(text);
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().text());
  EXPECT_TRUE(read.ok() && *read);
  return read.ok() && *read ? **read : ProxyHeader();
}
bool refused(std::string_view text) { return !read_proxy_header(text).ok(); }
/// Every beginning of it asks for more.
void expect_waits(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto read = read_proxy_header(text.substr(0, i));
    ASSERT_TRUE(read.ok()) << i;
    EXPECT_FALSE(read->has_value()) << i;
  }
}

TEST(ProxyProtocol, reads_version_1) {
  std::string line = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
  expect_waits(line);
  auto header = whole(line + "GET / HTTP/1.1\r\n");
  EXPECT_EQ(header.size, line.size());
  EXPECT_EQ(header.source.text(), "192.0.2.1:56324");
  EXPECT_EQ(header.destination.text(), "198.51.100.2:443");
  EXPECT_FALSE(header.local);
  auto six = whole("PROXY TCP6 2001:db8::1 ::1 1 65535\r\n");
  EXPECT_EQ(six.source.text(), "[2001:db8::1]:1");
  EXPECT_TRUE(whole("PROXY UNKNOWN\r\n").local);
  EXPECT_TRUE(whole("PROXY UNKNOWN ffff:: x y z\r\n").local);
}

TEST(ProxyProtocol, refuses_what_version_1_does_not_have) {
  for (auto* line :
       {"PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n", "PROXY TCP4 ::1 ::1 1 2\r\n",
        "PROXY TCP6 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1:80 198.51.100.2 1 2\r\n",
        "PROXY  TCP4 192.0.2.1 198.51.100.2 1 2\r\n", "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 198.51.100.2 -1 2\r\n", "PROXY TCP6 [::1] ::1 1 2\r\n",
        "GET / HTTP/1.1\r\n", "proxy TCP4 192.0.2.1 198.51.100.2 1 2\r\n"}) {
    EXPECT_TRUE(refused(line)) << line;
  }
  EXPECT_TRUE(refused("PROXY UNKNOWN " + std::string(100, 'x')));
}

TEST(ProxyProtocol, version_2_goes_there_and_back) {
  for (auto* pair : {"192.0.2.1:1000", "[2001:db8::7]:1000"}) {
    Address source = ip(pair);
    Address destination =
        source.family() == Address::Family::ipv4 ? ip("10.0.0.1:443") : ip("[::1]:443");
    std::string text = write_proxy_header(source, destination);
    expect_waits(text);
    auto header = whole(text + "rest");
    EXPECT_EQ(header.size, text.size());
    EXPECT_EQ(header.source, source);
    EXPECT_EQ(header.destination, destination);
  }
  EXPECT_TRUE(whole(write_proxy_header(Address::unix_path("/x"), ip("10.0.0.1:1"))).local);
}

/// A header of version 2 by IPv4 with these fields behind the addresses.
std::string with_fields(std::string fields) {
  std::string text = write_proxy_header(ip("192.0.2.1:1000"), ip("10.0.0.1:443")) + fields;
  text[15] = static_cast<char>(12 + fields.size());
  return text;
}

TEST(ProxyProtocol, reads_name_and_tls_of_version_2) {
  using namespace std::string_literals;
  std::string text =
      with_fields("\x02\x00\x09"s + "a.example" + "\x20\x00\x05\x01\x00\x00\x00\x00"s);
  auto header = whole(text);
  EXPECT_EQ(header.authority, "a.example");
  EXPECT_TRUE(header.secured);
}

TEST(ProxyProtocol, checks_the_checksum_of_version_2) {
  using namespace std::string_literals;
  std::string text = with_fields("\x03\x00\x04\x00\x00\x00\x00"s);
  std::uint32_t sum = crc32c(text);
  for (int i = 0; i < 4; ++i)
    text[text.size() - 4 + static_cast<std::size_t>(i)] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_FALSE(whole(text).local);
  text[20] ^= 1;
  EXPECT_TRUE(refused(text));
}

TEST(ProxyProtocol, refuses_broken_fields_and_lengths_of_version_2) {
  using namespace std::string_literals;
  EXPECT_TRUE(refused(with_fields("\x02\x00"s)));
  EXPECT_TRUE(
      refused(with_fields("\x02\x00\x05"
                          "ab"s)));
  EXPECT_TRUE(
      refused(with_fields("\x03\x00\x02"
                          "ab"s)));
  std::string text = write_proxy_header(ip("192.0.2.1:1000"), ip("10.0.0.1:443"));
  std::string version = text, command = text, cut = text, longest = text;
  version[12] = 0x31;
  command[12] = 0x22;
  cut[15] = 11;
  longest[14] = 0x7f;
  for (auto& each : {version, command, cut, longest}) EXPECT_TRUE(refused(each));
  std::string udp = text;
  udp[13] = 0x12;
  EXPECT_TRUE(whole(udp).local);
}

}  // namespace
}  // namespace berth::proxy::gateway
