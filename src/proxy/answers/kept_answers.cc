#include "proxy/answers/kept_answers.h"

#include <utility>

namespace berth::proxy {

Deferred<void> KeptAnswers::open(std::string folder) {
  folder_ = std::move(folder);
  opening_ = true;
  auto done = co_await read().result();
  opening_ = false;
  opened_.set();
  co_await or_return(std::move(done));
}

Deferred<void> KeptAnswers::read() {
  co_await world_.disk.make_folder(folder_);
  auto read = co_await world_.disk.read_file(path(), bytes_max * 4).result();
  if (read.ok()) {
    std::string_view rest = *read;
    if (rest.starts_with(first_line)) {
      rest.remove_prefix(first_line.size());
      while (auto answer = take_record(rest)) insert(std::move(*answer));
      if (!rest.empty())
        log_.warning("the end of the log of idempotent answers is damaged and left out",
                     {{"file", path()}, {"bytes", rest.size()}});
    } else if (!rest.empty()) {
      log_.warning("the log of idempotent answers is of another version: put aside",
                   {{"file", path()}});
      co_await world_.disk.rename(path(), path() + ".aside");
    }
  } else if (!read.error().is(Code::not_found)) {
    log_.warning("the log of idempotent answers cannot be read", {{"error", read.error()}});
  }
  co_await rewrite();
}

KeptAnswers::Found KeptAnswers::begin(std::uint64_t key, std::uint64_t fingerprint,
                                      const KeptAnswer*& answer) {
  while (!order_.empty() && order_.front().second <= now()) forget_first();
  // First what is under way: an answer that is not synced yet is not given to anybody.
  if (auto found = under_way_.find(key); found != under_way_.end())
    return found->second->fingerprint == fingerprint ? Found::under_way : Found::other;
  if (auto found = kept_.find(key); found != kept_.end()) {
    if (found->second.fingerprint != fingerprint) return Found::other;
    answer = &found->second;
    return Found::kept;
  }
  auto under_way = std::make_unique<UnderWay>();
  under_way->fingerprint = fingerprint;
  under_way_[key] = std::move(under_way);
  return Found::fresh;
}

Deferred<void> KeptAnswers::wait(std::uint64_t key) {
  auto found = under_way_.find(key);
  return found == under_way_.end() ? ready() : found->second->waiting.wait();
}

void KeptAnswers::give_up(std::uint64_t key) {
  auto found = under_way_.find(key);
  if (found == under_way_.end()) return;
  auto ended = std::move(found->second);
  under_way_.erase(found);
  while (!ended->waiting.empty()) ended->waiting.wake();
}

Deferred<void> KeptAnswers::keep(KeptAnswer answer) {
  std::uint64_t key = answer.key;
  std::string record;
  append_record(record, answer);
  insert(std::move(answer));
  auto written = co_await write(std::move(record)).result();
  if (!written.ok())
    log_.warning("an answer is kept in memory alone", {{"error", written.error()}});
  give_up(key);  // whoever waits finds it kept
}

void KeptAnswers::insert(KeptAnswer answer) {
  if (answer.expires <= now()) return;
  std::uint64_t key = answer.key;
  bytes_ += answer.bytes();
  order_.emplace_back(key, answer.expires);
  auto& slot = kept_[key];
  bytes_ -= slot.bytes();
  slot = std::move(answer);
  while (!order_.empty() && (kept_.size() > answers_max || bytes_ > bytes_max)) forget_first();
}

void KeptAnswers::forget_first() {
  auto [key, expires] = order_.front();
  order_.pop_front();
  auto found = kept_.find(key);
  if (found == kept_.end() || found->second.expires != expires) return;  // there is a later one
  bytes_ -= found->second.bytes();
  kept_.erase(found);
}

/// Records of many requests share one sync: those that come while one is under way go together.
Deferred<void> KeptAnswers::write(std::string records) {
  if (!file_) co_return;
  auto round = next_;
  round->records += records;
  auto done = round->done.wait();
  if (!flushing_) scope_.add(flush());
  co_await std::move(done);
}

Deferred<void> KeptAnswers::flush() {
  flushing_ = true;
  while (!next_->records.empty()) {
    auto round = std::exchange(next_, std::make_shared<Round>());
    std::uint64_t size = round->records.size();
    BytesList bytes(Bytes::copy(round->records));
    auto written = co_await file_->write_synced(file_bytes_, std::move(bytes)).result();
    if (written.ok() && !written->has_value()) {
      file_bytes_ += size;
      while (!round->done.empty()) round->done.wake();
    } else {
      Error why = written.ok() ? **written : written.error();
      round->done.fail_all(why);
    }
    if (file_bytes_ < rewrite_bytes_min || file_bytes_ < 2 * bytes_) continue;
    auto rewritten = co_await rewrite().result();
    if (!rewritten.ok())
      log_.warning("the log of idempotent answers is not rewritten",
                   {{"error", rewritten.error()}});
  }
  flushing_ = false;
}

/// The log anew, with what is kept alone.
Deferred<void> KeptAnswers::rewrite() {
  std::string text(first_line);
  for (auto& [key, expires] : order_) {
    auto found = kept_.find(key);
    if (found != kept_.end() && found->second.expires == expires)
      append_record(text, found->second);
  }
  std::uint64_t size = text.size();
  co_await world_.disk.replace_file(path(), std::move(text));
  file_ = co_await world_.disk.open(path(), OpenMode::write);
  file_bytes_ = size;
}

}  // namespace berth::proxy
