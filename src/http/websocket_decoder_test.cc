#include "http/websocket_decoder.h"

#include <gtest/gtest.h>

namespace berth::http {
namespace {

constexpr WebSocketMask key{0x37, static_cast<char>(0xfa), 0x21, 0x3d};

std::string frame(WebSocketOpcode opcode, std::string payload, bool final = true,
                  bool masked = true, bool compressed = false) {
  WebSocketFrameHead head{opcode, final, compressed, std::nullopt, payload.size()};
  if (masked) head.mask = key;
  std::string out;
  append_websocket_head(out, head);
  if (masked) apply_websocket_mask(payload.data(), payload.size(), key, 0);
  return out + payload;
}

/// What a decoder makes of `bytes`, given in pieces of `cut`; an error ends it as "fault CODE".
std::vector<std::string> heard(std::string_view bytes, std::size_t cut = 1 << 20,
                               WebSocketSide side = WebSocketSide::server,
                               std::optional<DeflateTerms> terms = {},
                               WebSocketLimits limits = {}) {
  WebSocketDecoder decoder(side, terms, limits);
  std::vector<std::string> all;
  for (std::size_t at = 0; at < bytes.size(); at += cut) {
    decoder.feed(Bytes::copy(bytes.substr(at, cut)));
    for (;;) {
      auto event = decoder.next();
      if (!event.ok()) {
        all.push_back("fault " + std::to_string(decoder.fault_code()));
        return all;
      }
      if (!*event) break;
      auto& [opcode, payload, code] = **event;
      all.push_back(std::to_string(static_cast<int>(opcode)) + ":" + payload +
                    (code ? ":" + std::to_string(code) : ""));
    }
  }
  return all;
}
using Heard = std::vector<std::string>;
using Op = WebSocketOpcode;

TEST(WebSocketDecoder, reads_the_examples_of_rfc_6455_section_5_7_however_they_are_cut) {
  std::string masked("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
  std::string parts("\x01\x03\x48\x65\x6c\x80\x02\x6c\x6f", 9);
  std::string ping("\x89\x05\x48\x65\x6c\x6c\x6f", 7);
  for (std::size_t cut : {1, 2, 3, 5, 100}) {
    EXPECT_EQ(heard(masked, cut), Heard{"1:Hello"});
    EXPECT_EQ(heard(parts, cut, WebSocketSide::client), Heard{"1:Hello"});
    EXPECT_EQ(heard(ping, cut, WebSocketSide::client), Heard{"9:Hello"});
  }
}

TEST(WebSocketDecoder, takes_control_frames_between_the_parts_of_a_message) {
  std::string bytes = frame(Op::text, "a", false) + frame(Op::ping, "1") +
                      frame(Op::continuation, "", false) + frame(Op::pong, "2") +
                      frame(Op::continuation, "b") + frame(Op::binary, "c");
  EXPECT_EQ(heard(bytes, 1), (Heard{"9:1", "10:2", "1:ab", "2:c"}));
}

TEST(WebSocketDecoder, reads_lengths_of_each_form) {
  for (std::size_t size : {0, 1, 125, 126, 127, 65535, 65536, 70000}) {
    std::string content(size, 'x');
    EXPECT_EQ(heard(frame(Op::binary, content), 4096), Heard{"2:" + content}) << size;
  }
}

TEST(WebSocketDecoder, a_length_that_is_not_in_its_shortest_form_is_a_protocol_error) {
  EXPECT_EQ(heard(std::string("\x82\xfe\x00\x7d\0\0\0\0", 8)), Heard{"fault 1002"});
  EXPECT_EQ(heard(std::string("\x82\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14)), Heard{"fault 1002"});
  EXPECT_EQ(heard(std::string("\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14)), Heard{"fault 1002"});
}

TEST(WebSocketDecoder, reserved_bits_and_opcodes_are_protocol_errors) {
  for (char bit : {'\x40', '\x20', '\x10'}) {
    std::string bytes = frame(Op::text, "x");
    bytes[0] = static_cast<char>(bytes[0] | bit);
    EXPECT_EQ(heard(bytes), Heard{"fault 1002"});
  }
  for (int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(heard(frame(static_cast<Op>(opcode), "")), Heard{"fault 1002"}) << opcode;
  }
}

TEST(WebSocketDecoder, a_client_masks_and_a_server_does_not) {
  EXPECT_EQ(heard(frame(Op::text, "x", true, false)), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(Op::text, "x"), 1, WebSocketSide::client), Heard{"fault 1002"});
}

TEST(WebSocketDecoder, control_frames_are_whole_and_short) {
  EXPECT_EQ(heard(frame(Op::ping, std::string(125, 'x'))), Heard{"9:" + std::string(125, 'x')});
  EXPECT_EQ(heard(frame(Op::ping, std::string(126, 'x'))), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(Op::ping, "", false)), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(Op::close, "", false)), Heard{"fault 1002"});
}

TEST(WebSocketDecoder, messages_do_not_mix_and_continuations_continue_one) {
  EXPECT_EQ(heard(frame(Op::continuation, "x")), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(Op::text, "a", false) + frame(Op::text, "b")), Heard{"fault 1002"});
  EXPECT_EQ(heard(frame(Op::text, "a") + frame(Op::continuation, "b")),
            (Heard{"1:a", "fault 1002"}));
}

TEST(WebSocketDecoder, text_and_reasons_are_utf8) {
  EXPECT_EQ(heard(frame(Op::text, "K\xc3\xb6ln \xf0\x9f\x9a\xa2")),
            Heard{"1:K\xc3\xb6ln \xf0\x9f\x9a\xa2"});
  for (std::string bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3", "12345678\x80"}) {
    EXPECT_EQ(heard(frame(Op::text, bad)), Heard{"fault 1007"});
    EXPECT_EQ(heard(frame(Op::close, "\x03\xe8" + bad)), Heard{"fault 1007"});
    EXPECT_EQ(heard(frame(Op::binary, bad)), Heard{"2:" + bad});
  }
  // A character that is cut by fragmentation is whole again.
  EXPECT_EQ(heard(frame(Op::text, "\xc3", false) + frame(Op::continuation, "\xb6")),
            Heard{"1:\xc3\xb6"});
}

TEST(WebSocketDecoder, close_frames_carry_a_code_that_may_be_sent) {
  EXPECT_EQ(heard(frame(Op::close, "")), Heard{"8::1005"});
  EXPECT_EQ(heard(frame(Op::close, "\x03")), Heard{"fault 1002"});
  for (int code : {1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    EXPECT_EQ(heard(frame(Op::close, payload + "bye")), Heard{"8:bye:" + std::to_string(code)});
  }
  for (int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    std::string payload{static_cast<char>(code >> 8), static_cast<char>(code)};
    EXPECT_EQ(heard(frame(Op::close, payload)), Heard{"fault 1002"}) << code;
  }
}

TEST(WebSocketDecoder, frames_and_messages_beyond_the_limits_are_too_big) {
  WebSocketLimits limits{.frame_bytes_max = 100, .message_bytes_max = 150};
  auto tell = [&](const std::string& bytes) {
    return heard(bytes, 7, WebSocketSide::server, {}, limits);
  };
  std::string full(100, 'x');
  EXPECT_EQ(tell(frame(Op::binary, full)), Heard{"2:" + full});
  EXPECT_EQ(tell(frame(Op::binary, full + "x")), Heard{"fault 1009"});
  EXPECT_EQ(tell(frame(Op::binary, full, false) + frame(Op::continuation, std::string(50, 'x'))),
            Heard{"2:" + full + std::string(50, 'x')});
  EXPECT_EQ(tell(frame(Op::binary, full, false) + frame(Op::continuation, std::string(51, 'x'))),
            Heard{"fault 1009"});
  // Refused by its head, before anything of it is held.
  EXPECT_EQ(heard(std::string("\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)),
            Heard{"fault 1009"});
}

TEST(WebSocketDecoder, inflates_the_examples_of_rfc_7692_section_7_2_3) {
  std::string one("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  std::string shared("\xf2\x00\x11\x00\x00", 5);
  std::string stored("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11);
  std::string ended("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  std::string two_blocks("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13);
  auto tell = [](const std::string& bytes, bool keep = false) {
    return heard(bytes, 3, WebSocketSide::server, DeflateTerms{keep, keep});
  };
  for (auto& message : {one, stored, ended, two_blocks}) {
    EXPECT_EQ(tell(frame(Op::text, message, true, true, true)), Heard{"1:Hello"});
  }
  std::string twice =
      frame(Op::text, one, true, true, true) + frame(Op::text, shared, true, true, true);
  EXPECT_EQ(tell(twice, true), (Heard{"1:Hello", "1:Hello"}));
  EXPECT_EQ(tell(twice), (Heard{"1:Hello", "fault 1007"}));  // nothing was kept to refer to
  EXPECT_EQ(tell(frame(Op::text, one.substr(0, 3), false, true, true) +
                 frame(Op::continuation, one.substr(3))),
            Heard{"1:Hello"});
  EXPECT_EQ(tell(frame(Op::text, "plain")), Heard{"1:plain"});
  EXPECT_EQ(tell(frame(Op::text, "\xff\xff\xff", true, true, true)), Heard{"fault 1007"});
}

TEST(WebSocketDecoder, only_the_first_frame_of_a_message_says_that_it_is_compressed) {
  auto tell = [](const std::string& bytes) {
    return heard(bytes, 3, WebSocketSide::server, DeflateTerms{});
  };
  EXPECT_EQ(tell(frame(Op::ping, "x", true, true, true)), Heard{"fault 1002"});
  EXPECT_EQ(
      tell(frame(Op::text, "", false, true, true) + frame(Op::continuation, "", true, true, true)),
      Heard{"fault 1002"});
}

TEST(WebSocketDecoder, what_is_small_and_inflates_to_much_is_too_big) {
  WebSocketLimits limits{.message_bytes_max = 100'000};
  MessageDeflater deflater(false, 15);
  std::string good = deflater.deflate(std::string(100'000, 'x'));
  std::string bomb = deflater.deflate(std::string(100'001, 'x'));
  auto tell = [&](const std::string& message) {
    return heard(frame(Op::text, message, true, true, true), 1000, WebSocketSide::server,
                 DeflateTerms{}, limits);
  };
  EXPECT_LT(bomb.size(), 200u);
  EXPECT_EQ(tell(good), Heard{"1:" + std::string(100'000, 'x')});
  EXPECT_EQ(tell(bomb), Heard{"fault 1009"});
}

TEST(WebSocketDeflate, brings_back_what_it_made_smaller_with_and_without_context) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "item " + std::to_string(i * i) + ",";
  for (bool keep : {false, true}) {
    for (int bits : {9, 12, 15}) {
      MessageDeflater deflater(keep, bits);
      MessageInflater inflater(keep);
      std::size_t first = 0;
      for (int i = 0; i < 3; ++i) {
        std::string small = deflater.deflate(text);
        if (i == 0) first = small.size();
        EXPECT_LT(small.size(), text.size());
        if (bits == 15 && i == 1) EXPECT_EQ(small.size() < first / 4, keep);
        EXPECT_EQ(inflater.inflate(small, text.size()).value(), text);
      }
    }
  }
}

TEST(WebSocketFrame, masks_any_length_from_any_offset_as_byte_for_byte) {
  for (std::size_t size = 0; size < 40; ++size) {
    for (std::size_t offset = 0; offset < 9; ++offset) {
      std::string data(size, 'a');
      for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<char>('a' + i);
      std::string expected = data;
      for (std::size_t i = 0; i < size; ++i) expected[i] ^= key[(offset + i) % 4];
      apply_websocket_mask(data.data(), size, key, offset);
      EXPECT_EQ(data, expected);
    }
  }
}

}  // namespace
}  // namespace berth::http
