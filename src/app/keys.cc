#include "app/keys.h"

namespace berth::app {
namespace {

Key::Kind of_letter(char letter) {
  switch (letter) {
    case 'A':
      return Key::Kind::up;
    case 'B':
      return Key::Kind::down;
    case 'H':
      return Key::Kind::home;
    case 'F':
      return Key::Kind::end;
    default:
      return Key::Kind::other;
  }
}

Key::Kind of_number(std::string_view number) {
  if (number == "5") return Key::Kind::page_up;
  if (number == "6") return Key::Kind::page_down;
  if (number == "1" || number == "7") return Key::Kind::home;
  if (number == "4" || number == "8") return Key::Kind::end;
  return Key::Kind::other;
}

/// Takes one sequence that begins with an escape from `text`.
Key take_sequence(std::string_view& text) {
  if (text.size() < 2 || (text[1] != '[' && text[1] != 'O')) {
    text.remove_prefix(1);
    return {Key::Kind::escape};
  }
  std::size_t end = 2;
  while (end < text.size() && (text[end] < '@' || text[end] > '~')) ++end;
  Key key;
  if (end < text.size()) {
    std::string_view inside = text.substr(2, end - 2);
    key.kind =
        text[end] == '~' ? of_number(inside.substr(0, inside.find(';'))) : of_letter(text[end]);
    ++end;
  }
  text.remove_prefix(end);
  return key;
}

Key of_byte(char byte) {
  if (byte == '\r' || byte == '\n') return {Key::Kind::enter};
  if (byte == 127 || byte == 8) return {Key::Kind::backspace};
  if (byte == 3 || byte == 4) return {Key::Kind::interrupt};
  if (byte >= ' ' && byte <= '~') return {Key::Kind::character, byte};
  return {};
}

}  // namespace

std::vector<Key> keys_of(std::string_view typed) {
  std::vector<Key> keys;
  while (!typed.empty()) {
    if (typed.front() == '\033') {
      keys.push_back(take_sequence(typed));
    } else {
      keys.push_back(of_byte(typed.front()));
      typed.remove_prefix(1);
    }
  }
  return keys;
}

}  // namespace berth::app
