#include "app/terminal.h"

#include <gtest/gtest.h>

#include "app/frame.h"
#include "app/keys.h"
#include "app/words.h"

namespace berth::app {
namespace {

TEST(Terminal, widths_count_characters_and_no_escapes) {
  EXPECT_EQ(shown_width("320 µs"), 6U);
  EXPECT_EQ(shown_width("\033[1;31mred\033[0m"), 3U);
  EXPECT_EQ(shown_width("\033]8;;http://x\033\\link\033]8;;\033\\"), 4U);
  EXPECT_EQ(shown_width(""), 0U);
}

TEST(Terminal, cutting_keeps_whole_characters_and_ends_colours) {
  EXPECT_EQ(cut("orders", 6), "orders");
  EXPECT_EQ(cut("orders", 5), "orde…");
  EXPECT_EQ(cut("ä→ö·ü", 3), "ä→…");
  EXPECT_EQ(cut("\033[31mfailing\033[0m", 4), "\033[31mfai…\033[0m");
  EXPECT_EQ(cut("orders", 0), "");
  EXPECT_EQ(cut("\033[", 0), "\033[");  // an escape alone takes no column
}

TEST(Terminal, printable_text_has_no_control_left) {
  EXPECT_EQ(printable("a\033[31mred\033[0m\tb\nc\x07\x7f"), "ared  b c");
  EXPECT_EQ(printable("\033]0;title\007x\033]0;title\033\\y"), "xy");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31mµ"),
            "31mµ");
  EXPECT_EQ(printable("\033"), "");
}

TEST(Terminal, a_table_aligns_numbers_to_the_right_and_ends_no_line_in_blanks) {
  Table table({"service", ">requests/s", "why"});
  table.add({"orders", "8.2", "waits"});
  table.add({"recommendations", "120", ""});
  EXPECT_EQ(table.text(Style{}),
            "service          requests/s  why\n"
            "orders                  8.2  waits\n"
            "recommendations         120\n");
}

TEST(Terminal, colours_are_written_only_where_they_are_wanted) {
  EXPECT_EQ(Style{}.health("failing"), "failing");
  EXPECT_EQ(Style{.colour = true}.health("failing"), "\033[31mfailing\033[0m");
}

TEST(Words, numbers_read_as_people_write_them) {
  EXPECT_EQ(rate_text(Json()), "-");
  EXPECT_EQ(rate_text(Json(0)), "0");
  EXPECT_EQ(rate_text(Json(8.25)), "8.2");
  EXPECT_EQ(rate_text(Json(120.4)), "120");
  EXPECT_EQ(share_text(Json()), "-");
  EXPECT_EQ(share_text(Json(0)), "0 %");
  EXPECT_EQ(share_text(Json(0.0001)), "<0.1 %");
  EXPECT_EQ(share_text(Json(0.018)), "1.8 %");
  EXPECT_EQ(share_text(Json(0.34)), "34 %");
  EXPECT_EQ(share_text(Json(1)), "100 %");
  EXPECT_EQ(seconds_text(Json(0.0031)), "3.1 ms");
  EXPECT_EQ(number_text(42.5), "42.5");
  EXPECT_EQ(number_text(0.00312), "0.00312");
  EXPECT_EQ(number_text(0), "0");
  EXPECT_EQ(number_text(-1234567), "-1.23 M");
  EXPECT_EQ(counted(1, "instance"), "1 instance");
  EXPECT_EQ(counted(0, "instance"), "0 instances");
}

TEST(Words, ages_have_one_unit) {
  Json now = 1764000000000;
  EXPECT_EQ(age_text(Json(1764000000000), now), "now");
  EXPECT_EQ(age_text(Json(1763999941000), now), "59 s");
  EXPECT_EQ(age_text(Json(1763999700000), now), "5 min");
  EXPECT_EQ(age_text(Json(1763990000000), now), "2 h");
  EXPECT_EQ(age_text(Json(1763700000000), now), "3 d");
  EXPECT_EQ(age_text(Json(), now), "-");
}

TEST(Keys, what_terminals_send_is_understood) {
  using Kind = Key::Kind;
  auto keys = keys_of("l\033[A\033[B\033OA\033[5~\033[6~\033[H\033[4~\r\177\003?");
  std::vector<Kind> kinds;
  for (auto& key : keys) kinds.push_back(key.kind);
  EXPECT_EQ(kinds,
            (std::vector<Kind>{Kind::character, Kind::up, Kind::down, Kind::up, Kind::page_up,
                               Kind::page_down, Kind::home, Kind::end, Kind::enter, Kind::backspace,
                               Kind::interrupt, Kind::character}));
  EXPECT_EQ(keys[0].character, 'l');
}

TEST(Keys, a_lone_escape_is_the_key_and_what_is_unknown_is_passed_over) {
  EXPECT_EQ(keys_of("\033"), std::vector<Key>{{Key::Kind::escape}});
  EXPECT_EQ(keys_of("\033q").size(), 2U);
  EXPECT_EQ(keys_of("\033[1;5Z"), std::vector<Key>{{Key::Kind::other}});
  EXPECT_EQ(keys_of("\033[1"), std::vector<Key>{{Key::Kind::other}});
}

TEST(Frame, only_lines_that_changed_are_sent) {
  Frame frame;
  std::string first = frame.update({"one", "two"}, 20, 3);
  EXPECT_NE(first.find("\033[2J"), std::string::npos);
  EXPECT_NE(first.find("one"), std::string::npos);
  EXPECT_EQ(frame.update({"one", "two"}, 20, 3), "");
  std::string second = frame.update({"one", "2"}, 20, 3);
  EXPECT_EQ(second.find("one"), std::string::npos);
  EXPECT_NE(second.find("\033[2;1H2\033[K"), std::string::npos);
  std::string shorter = frame.update({"one"}, 20, 3);
  EXPECT_NE(shorter.find("\033[2;1H\033[K"), std::string::npos);
}

TEST(Frame, a_new_size_or_a_cleared_screen_sends_all) {
  Frame frame;
  (void)frame.update({"a long line", "two"}, 20, 3);
  std::string resized = frame.update({"a long line", "two"}, 6, 3);
  EXPECT_NE(resized.find("a lon…"), std::string::npos);
  EXPECT_NE(resized.find("two"), std::string::npos);
  frame.forget();
  EXPECT_NE(frame.update({"a long line", "two"}, 6, 3).find("two"), std::string::npos);
}

}  // namespace
}  // namespace berth::app
