#include "observe/inputs/relp_frames.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t head_bytes_max = 9 + 1 + 32 + 1 + 9;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Error no_frame(std::string_view text) {
  std::string shown;
  for (char c : text.substr(0, 40)) shown += c >= ' ' && c <= '~' ? c : '?';
  return Error(Code::invalid, "no frame of RELP begins with '" + shown + "'");
}

}  // namespace

void RelpFrames::feed(std::string_view bytes) {
  held_.erase(0, at_);
  at_ = 0;
  held_ += bytes;
}

Result<bool> RelpFrames::begin() {
  std::string_view text = std::string_view(held_).substr(at_);
  // The end of the head is a blank or, without data, the frame's line end.
  std::size_t first = text.find(' ');
  std::size_t second = first == text.npos ? text.npos : text.find(' ', first + 1);
  std::size_t end = second == text.npos ? text.npos : text.find_first_of(" \n", second + 1);
  if (end == text.npos || end > head_bytes_max) {
    if (text.size() > head_bytes_max) return no_frame(text);
    return false;
  }
  auto number = parse_integer<std::uint32_t>(text.substr(0, first), 0, 999'999'999);
  std::string_view command = text.substr(first + 1, second - first - 1);
  auto length = parse_integer<std::uint32_t>(text.substr(second + 1, end - second - 1), 0,
                                             declared_bytes_max);
  bool good = number.ok() && length.ok() && !command.empty() && command.size() <= 32 &&
              std::ranges::all_of(command, is_letter);
  // librelp writes no blank before the end of a frame without data; others may.
  if (!good || (text[end] == '\n' && *length > 0)) return no_frame(text);
  frame_ = {*number, std::string(command), "", false};
  left_ = *length;
  at_ += text[end] == '\n' ? end : end + 1;
  in_data_ = true;
  return true;
}

Result<std::optional<RelpFrame>> RelpFrames::next() {
  using None = std::optional<RelpFrame>;
  if (!in_data_ && !TRY(begin())) return None();
  std::string_view text = std::string_view(held_).substr(at_);
  std::string_view data = text.substr(0, left_);
  std::size_t room = data_bytes_max_ - std::min(data_bytes_max_, frame_.data.size());
  frame_.data += data.substr(0, room);
  frame_.cut |= data.size() > room;
  left_ -= data.size();
  at_ += data.size();
  if (left_ > 0 || text.size() == data.size()) return None();
  if (text[data.size()] != '\n') return no_frame(text.substr(data.size()));
  ++at_;
  in_data_ = false;
  return None(std::move(frame_));
}

void append_relp(std::string& out, std::uint32_t number, std::string_view command,
                 std::string_view data) {
  out += std::to_string(number);
  out += ' ';
  out += command;
  out += ' ';
  out += std::to_string(data.size());
  if (!data.empty()) out += ' ';
  out += data;
  out += '\n';
}

}  // namespace berth::observe
