#include "proxy/log_tail.h"

#include <utility>

#include "async/sync.h"
#include "http/access_record.h"
#include "proxy/log_outputs.h"

namespace berth::proxy {

struct LogTail::Follower {
  LogFilter filter;
  gateway::LogSpec::Form form;
  Queue<std::string> lines{lines_waiting_max};
  std::uint64_t lost = 0;
};

namespace {

/// What whoever follows is told of lines that are lost, once; nothing if none is.
std::string told_lost(std::uint64_t& lost) {
  std::uint64_t count = std::exchange(lost, 0);
  if (count == 0) return {};
  return "... " + std::to_string(count) + " lines were lost: they came too fast\n";
}

}  // namespace

class LogTail::Source final : public http::BodySource {
 public:
  explicit Source(std::shared_ptr<Follower> follower) : follower_(std::move(follower)) {}

  Deferred<Bytes> read() override {
    // A head goes with the first bytes behind it: who follows learns at once that he does.
    if (!std::exchange(begun_, true)) co_return Bytes::literal("\n");
    std::string line = co_await follower_->lines.pop();
    co_return Bytes::copy(told_lost(follower_->lost) + line);
  }

 private:
  std::shared_ptr<Follower> follower_;
  bool begun_ = false;
};

bool LogFilter::takes(const http::AccessRecord& record) const {
  return (service.empty() || record.backend == service) && record.target.starts_with(path) &&
         record.status >= status_least && record.status <= status_most &&
         record.total >= slower_than.count();
}

void LogTail::note(const http::AccessRecord& record) {
  next_.note(record);
  if (followers_.empty()) return;
  std::erase_if(followers_, [](auto& each) { return each.expired(); });
  for (auto& each : followers_) {
    auto follower = each.lock();
    if (!follower->filter.takes(record)) continue;
    bool json = follower->form == gateway::LogSpec::Form::json;
    std::string line = json ? json_line(record) : http::haproxy_line(record);
    if (!follower->lines.try_push(line + "\n")) ++follower->lost;
  }
}

std::shared_ptr<LogTail::Follower> LogTail::add(LogFilter filter, gateway::LogSpec::Form form) {
  auto follower = std::make_shared<Follower>();
  follower->filter = std::move(filter);
  follower->form = form;
  followers_.push_back(follower);
  return follower;
}

std::string LogTail::taken(Follower& follower) {
  std::string text = told_lost(follower.lost);
  while (!follower.lines.empty()) text += follower.lines.pop().take().value();
  return text;
}

std::unique_ptr<http::BodySource> LogTail::follow(LogFilter filter, gateway::LogSpec::Form form) {
  return std::make_unique<Source>(add(std::move(filter), form));
}

}  // namespace berth::proxy
