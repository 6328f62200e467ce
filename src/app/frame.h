#pragma once

#include <string>
#include <vector>

namespace berth::app {

/// What stands on a terminal's alternate screen, so that a redraw sends only the lines that have
/// changed: nothing flickers. A plain value of whoever draws.
class Frame {
 public:
  /// The bytes that turn what stands there into `lines` on a screen of that size.
  std::string update(const std::vector<std::string>& lines, std::size_t columns, std::size_t rows);
  /// The screen was cleared by somebody: all is to be sent.
  void forget();

 private:
  std::vector<std::string> shown_;
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;
};

}  // namespace berth::app
