#include "http/access_record.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

AccessRecord sample() {
  AccessRecord r;
  r.accepted = 1'700'000'000'123'000'000;
  r.request = 0;
  r.waiting = 0;
  r.connecting = 1'500'000;
  r.response = 30'000'000;
  r.total = 32'000'000;
  r.bytes_out = 512;
  r.client_ip = 0x7f000001;
  r.client_port = 40000;
  r.status = 200;
  r.frontend = r.backend = "users";
  r.server = "users/1";
  r.caller = "orders";
  r.method = "GET";
  r.target = "/users/1?a=\"b\"";
  return r;
}

TEST(AccessRecord, is_read_as_it_was_written_and_never_in_part) {
  AccessRecord r = sample();
  std::string bytes(encoded_size(r), 0);
  EXPECT_EQ(encode(r, bytes), bytes.size());
  auto read = decode_access_record(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->target, r.target);
  EXPECT_EQ(read->caller, "orders");
  EXPECT_EQ(read->total, r.total);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    EXPECT_FALSE(decode_access_record(bytes.substr(0, i)));
}

TEST(AccessRecord, makes_haproxys_line) {
  std::string line = haproxy_line(sample());
  EXPECT_TRUE(line.starts_with("127.0.0.1:40000 [")) << line;
  EXPECT_TRUE(
      line.ends_with("] users users/users/1 0/0/1/30/32 200 512 - - ---- 0/0/0/0/0 0/0 \"GET "
                     "/users/1?a=#22b#22 HTTP/1.1\""))
      << line;
}

}  // namespace
}  // namespace berth::http
