#include "observe/alerts/alert_history.h"

#include <ranges>

#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t unwritten_bytes_max = 1 << 20;  // while the disk refuses; then the oldest go

}  // namespace

Deferred<void> AlertHistory::open() {
  file_ = co_await disk_.open(path_, OpenMode::write);
  bytes_ = co_await file_->size();
}

void AlertHistory::add(const Json& line) {
  if (unwritten_.size() > unwritten_bytes_max) unwritten_.clear();
  unwritten_ += line.text() + "\n";
}

Deferred<void> AlertHistory::write() {
  if (unwritten_.empty() || !file_) co_return;
  if (bytes_ > bytes_max_) {
    co_await disk_.rename(path_, path_ + ".1");
    file_ = co_await disk_.open(path_, OpenMode::write_emptied);
    bytes_ = 0;
  }
  std::string text = unwritten_;
  co_await file_->write(bytes_, Bytes::copy(text));
  bytes_ += text.size();
  unwritten_.erase(0, text.size());
}

Deferred<Json> AlertHistory::newest(std::size_t most) {
  Json out = Json::array();
  for (auto* suffix : {"", ".1"}) {
    std::string path = path_ + suffix;
    auto text = co_await disk_.read_file(path, 2 * bytes_max_ + (1 << 20)).result();
    if (!text.ok()) continue;
    auto lines = split(*text, '\n');
    for (auto line : lines | std::views::reverse) {
      if (out.items().size() >= most) co_return out;
      auto json = Json::parse(line);  // a torn line is none
      if (json.ok()) out.add(std::move(*json));
    }
  }
  co_return out;
}

}  // namespace berth::observe
