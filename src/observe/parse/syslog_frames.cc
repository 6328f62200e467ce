#include "observe/parse/syslog_frames.h"

#include <algorithm>

namespace berth::observe {
namespace {

constexpr std::string_view line_ends("\n\0", 2);

/// Of the first line's end from there on, as find_first_of() has it, but by two searches of many
/// bytes at once.
std::size_t find_line_end(std::string_view text, std::size_t from) {
  std::size_t end = text.find('\n', from);
  return std::min(end, text.substr(0, end).find('\0', from));
}

}  // namespace

void SyslogFrames::feed(std::string_view bytes) {
  held_.erase(0, at_);
  at_ = 0;
  held_ += bytes;
}

bool SyslogFrames::begin() {
  while (at_ < held_.size() && (held_[at_] == '\r' || line_ends.contains(held_[at_]))) ++at_;
  if (at_ == held_.size()) return false;
  std::size_t count = 0;
  std::size_t i = at_;
  while (i < held_.size() && held_[i] >= '0' && held_[i] <= '9' && count <= counted_bytes_max) {
    count = count * 10 + static_cast<std::size_t>(held_[i++] - '0');
  }
  state_ = State::line;
  if (i == at_ || held_[at_] == '0' || count > counted_bytes_max) return true;
  if (i + 2 > held_.size() && (i == held_.size() || held_[i] == ' ')) {
    state_ = State::between;
    return false;
  }
  if (held_[i] == ' ' && held_[i + 1] == '<') {
    state_ = State::counted;
    left_ = count;
    at_ = i + 1;
    ++counted_;
  }
  return true;
}

SyslogFrame SyslogFrames::taken(std::size_t size, bool cut) {
  SyslogFrame out{held_.substr(at_, size), cut};
  at_ += size;
  if (!cut && out.text.ends_with('\r')) out.text.pop_back();
  return out;
}

std::optional<SyslogFrame> SyslogFrames::next() {
  for (;;) {
    if (state_ == State::between && !begin()) return std::nullopt;
    std::size_t there = held_.size() - at_;
    if (state_ == State::skip_counted) {
      std::size_t skipped = std::min(left_, there);
      at_ += skipped;
      left_ -= skipped;
      if (left_ > 0) return std::nullopt;
      state_ = State::between;
    } else if (state_ == State::skip_line) {
      std::size_t end = find_line_end(held_, at_);
      at_ = std::min(end, held_.size());
      if (end == held_.npos) return std::nullopt;
      state_ = State::between;
    } else if (state_ == State::counted) {
      std::size_t wanted = std::min(left_, line_bytes_max_);
      if (there < wanted) return std::nullopt;
      bool cut = left_ > line_bytes_max_;
      left_ -= wanted;
      state_ = cut ? State::skip_counted : State::between;
      SyslogFrame frame = taken(wanted, cut);
      while (!cut && !frame.text.empty() && line_ends.contains(frame.text.back())) {
        frame.text.pop_back();
      }
      return frame;
    } else {
      std::size_t end = find_line_end(held_, at_);
      std::size_t size = std::min(end, held_.size()) - at_;
      bool cut = size > line_bytes_max_ + 1;
      if (end == held_.npos && !cut) return std::nullopt;
      if (end != held_.npos && size == line_bytes_max_ + 1 && held_[end - 1] != '\r') cut = true;
      state_ = cut ? State::skip_line : State::between;
      return taken(cut ? line_bytes_max_ : size, cut);
    }
  }
}

std::optional<SyslogFrame> SyslogFrames::last() {
  if (state_ == State::between) begin();
  bool line = state_ == State::line || state_ == State::between;
  state_ = State::between;
  if (!line || at_ == held_.size()) return std::nullopt;
  return taken(held_.size() - at_, false);
}

}  // namespace berth::observe
