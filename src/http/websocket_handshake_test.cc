#include "http/websocket_handshake.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

Headers extensions(std::string value) {
  Headers headers;
  headers.add("Sec-WebSocket-Extensions", std::move(value));
  return headers;
}

std::string answer_to(std::string offer, bool keep_context = false) {
  Headers headers = extensions(std::move(offer));
  auto offers = read_websocket_extensions(headers);
  if (!offers.ok()) return "broken";
  auto terms = accept_deflate_offer(*offers, keep_context);
  return terms ? deflate_answer(*terms) : "declined";
}

TEST(WebSocketHandshake, accepts_the_key_of_rfc_6455_section_1_3) {
  EXPECT_EQ(websocket_accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, a_key_is_16_bytes_in_base64) {
  EXPECT_TRUE(websocket_key_allowed(websocket_key("0123456789abcdef")));
  EXPECT_FALSE(websocket_key_allowed(websocket_key("0123456789abcde")));
  EXPECT_FALSE(websocket_key_allowed(websocket_key("0123456789abcdefg")));
  EXPECT_FALSE(websocket_key_allowed("dGhlIHNhbXBsZSBub25jZ?=="));
  EXPECT_FALSE(websocket_key_allowed(""));
}

TEST(WebSocketHandshake, the_server_takes_the_first_offer_that_it_can_keep) {
  std::string none = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
  EXPECT_EQ(answer_to("permessage-deflate"), none);
  EXPECT_EQ(answer_to("permessage-deflate; client_max_window_bits"), none);
  EXPECT_EQ(answer_to("permessage-deflate", true), "permessage-deflate");
  EXPECT_EQ(answer_to("permessage-deflate; server_no_context_takeover", true),
            "permessage-deflate; server_no_context_takeover");
  EXPECT_EQ(answer_to("permessage-deflate; server_max_window_bits=10"),
            none + "; server_max_window_bits=10");
  EXPECT_EQ(answer_to("x-webkit-deflate-frame, permessage-deflate; server_max_window_bits=8, "
                      "permessage-deflate; server_max_window_bits=\"9\""),
            none + "; server_max_window_bits=9");
}

TEST(WebSocketHandshake, offers_with_unknown_repeated_or_wrong_parameters_are_declined) {
  for (std::string parameter :
       {"unknown", "server_max_window_bits", "server_max_window_bits=7",
        "server_max_window_bits=16", "server_max_window_bits=08", "client_max_window_bits=99",
        "server_no_context_takeover=1", "client_no_context_takeover; client_no_context_takeover",
        "server_max_window_bits=9; server_max_window_bits=9"}) {
    EXPECT_EQ(answer_to("permessage-deflate; " + parameter), "declined") << parameter;
  }
}

TEST(WebSocketHandshake, a_broken_list_of_extensions_is_refused) {
  for (std::string broken : {"", ",", "a,", "a b", "a;", "a; =1", "a; b=", "a; b=\"c", "a; b c"}) {
    EXPECT_EQ(answer_to(broken), "broken") << broken;
  }
}

TEST(WebSocketHandshake, the_client_fails_where_the_answer_says_what_was_not_offered) {
  auto read = [](std::string answer, bool offered, bool keep) {
    Headers headers = extensions(std::move(answer));
    return read_deflate_answer(read_websocket_extensions(headers).value(), offered, keep);
  };
  std::string none = "permessage-deflate; server_no_context_takeover";
  EXPECT_FALSE(read_deflate_answer({}, true, false).value().has_value());
  EXPECT_EQ(read(none + "; server_max_window_bits=9", true, false).value()->server_window_bits, 9);
  EXPECT_TRUE(read("permessage-deflate", true, true).value()->server_keeps_context);
  EXPECT_FALSE(read("permessage-deflate", true, false).ok());
  EXPECT_FALSE(read(none, false, false).ok());
  EXPECT_FALSE(read("other", true, false).ok());
  EXPECT_FALSE(read(none + ", " + none, true, false).ok());
  EXPECT_FALSE(read(none + "; client_max_window_bits=10", true, false).ok());
}

}  // namespace
}  // namespace berth::http
