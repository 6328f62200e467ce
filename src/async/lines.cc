#include "async/lines.h"

#include <utility>

namespace berth {

Deferred<std::optional<std::string>> LineReader::next() {
  for (;;) {
    std::size_t end = rest_.view().find('\n');
    partial_ += rest_.view().substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    bool whole = end != std::string_view::npos;
    if (whole && partial_.ends_with('\r')) partial_.pop_back();
    if (partial_.size() > line_bytes_max_ + (whole ? 0 : 1)) {
      co_return Error(Code::overloaded, "a line of " + stream_.peer_address().text() +
                                            " is longer than " + std::to_string(line_bytes_max_) +
                                            " bytes");
    }
    if (whole) co_return std::exchange(partial_, {});
    rest_ = co_await stream_.read();
    if (rest_.empty()) co_return std::nullopt;
  }
}

}  // namespace berth
