// How a LogStore is asked: piece by piece, newest first, each on a worker.
#include <algorithm>

#include "async/clock.h"
#include "async/executor.h"
#include "observe/logs/log_store.h"

namespace berth::observe {
namespace {

constexpr std::size_t followed_max = 1000;  // lines that one follow() gives

bool before(const FoundLine& a, const FoundLine& b) {
  return LogCursor{a.time.nanoseconds, a.sequence} > LogCursor{b.time.nanoseconds, b.sequence};
}

}  // namespace

/// What has lines in that time, newest first. The lines that are still being taken are copied.
std::vector<LogStore::Piece> LogStore::pieces(std::int64_t from, std::int64_t to) const {
  std::vector<Piece> out;
  auto within = [&](std::int64_t oldest, std::int64_t newest) {
    return oldest < to && newest >= from;
  };
  for (auto& head : heads_) {
    auto& batch = *head.batch;
    if (batch.empty() || !within(batch.oldest(), batch.newest())) continue;
    std::shared_ptr<const LineBatch> lines = head.batch;
    if (&head == &heads_.back()) lines = std::make_shared<const LineBatch>(batch);
    out.push_back({batch.oldest(), batch.newest(), std::move(lines), nullptr, nullptr});
  }
  for (auto& segment : segments_) {
    for (auto& block : segment.blocks) {
      auto& head = block->head;
      if (!within(head.oldest, head.newest)) continue;
      out.push_back({head.oldest, head.newest, nullptr, block, segment.file});
    }
  }
  std::ranges::sort(out, std::greater<>(), &Piece::newest);
  return out;
}

Deferred<Semaphore::Permit> LogStore::admit() {
  if (searching_.waiting() >= options_.waiting_searches_max) {
    return failed<Semaphore::Permit>(
        Error(Code::overloaded, "too many searches wait already; try again later"));
  }
  return searching_.acquire();
}

/// By the block's head, then by its filters: a few bytes of them are read.
Deferred<bool> LogStore::may_match(const Piece& piece, const LogQuery& query) {
  if (!piece.block) co_return true;
  auto& head = piece.block->head;
  BlockFacts facts;
  if (!query.may_match(head.sources, head.levels, facts)) co_return false;
  for (std::uint64_t hash : query.words()) {
    bool may = true;
    if (head.words.size > 0) {
      std::size_t bucket = WordFilter::bucket_of(hash, static_cast<std::size_t>(head.words.size));
      Bytes bytes = co_await piece.file->read(piece.block->offset + head.words.offset + bucket,
                                              WordFilter::bucket_bytes);
      may = WordFilter::may_hold(bytes.view(), hash);
    }
    facts.words.push_back(may);
  }
  if (!query.may_match(head.sources, head.levels, facts)) co_return false;
  if (!query.needs_grams()) co_return true;
  Bytes bytes = co_await piece.file->read(piece.block->offset + head.grams.offset, GramSet::bytes);
  auto grams = std::make_unique<GramSet>();
  if (!grams->read(bytes.view())) co_return true;
  facts.grams = grams.get();
  co_return query.may_match(head.sources, head.levels, facts);
}

Deferred<std::shared_ptr<const LineBatch>> LogStore::unpacked(const Piece& piece, bool texts,
                                                              bool fields) {
  if (piece.batch) co_return piece.batch;
  auto block = piece.block;
  auto& head = block->head;
  std::uint64_t begin = head.about.offset;
  std::uint64_t end = texts || fields ? head.bytes : head.texts.offset;
  Bytes all =
      co_await piece.file->read(block->offset + begin, static_cast<std::size_t>(end - begin));
  auto part = [&](const BlockPart& of, bool wanted) {
    if (!wanted || of.size == 0) return Bytes();
    return all.slice(static_cast<std::size_t>(of.offset - begin),
                     static_cast<std::size_t>(of.packed));
  };
  Bytes about = part(head.about, true);
  Bytes text = part(head.texts, texts);
  Bytes field = part(head.fields, fields);
  auto work = [block, about, text, field]() -> Result<std::shared_ptr<const LineBatch>> {
    auto batch = TRY(unpack_block(block->head, about.view(), text.view(), field.view()));
    return std::make_shared<const LineBatch>(std::move(batch));
  };
  auto result = co_await run_on(world_.workers, std::move(work)).result();
  if (!result.ok() && result.error().is(Code::invalid)) {
    ++counters_.blocks_damaged;
    log_.error("a block of log lines cannot be read", {{"error", result.error()}});
    co_return std::make_shared<const LineBatch>();
  }
  auto batch = co_await or_return(std::move(result));
  co_return batch;
}

Deferred<LogAnswer> LogStore::search(LogSearch search) {
  auto permit = co_await admit();
  MonotonicTime due = world_.clock.now() + options_.search_time_max;
  LogAnswer answer;
  auto shared = std::make_shared<const LogSearch>(std::move(search));
  std::size_t most = shared->lines_max + 1;
  LineRange range = shared->range;
  std::int64_t to = range.to;
  if (range.before && range.before->time < to) to = range.before->time + 1;
  std::vector<Piece> all = pieces(range.from, to);
  answer.blocks = all.size();
  for (auto& piece : all) {
    auto& lines = answer.lines;
    if (lines.size() >= most && piece.newest < lines[most - 1].time.nanoseconds) break;
    if (world_.clock.now() > due) {
      // Of what has not been looked at some may be newer than what was found.
      std::erase_if(lines, [&](auto& line) { return line.time.nanoseconds <= piece.newest; });
      answer.complete = false;
      answer.more = LogCursor{std::min(piece.newest, to - 1) + 1, 0};
      if (range.before && *range.before < *answer.more) answer.more = range.before;
      break;
    }
    bool may = co_await may_match(piece, shared->query);
    if (!may) continue;
    auto batch = co_await unpacked(piece, true, true);
    ++answer.blocks_read;
    auto work = [shared, batch, range, most] {
      return newest_matches(*batch, shared->query, range, most);
    };
    auto found = co_await run_on(world_.workers, std::move(work));
    lines.insert(lines.end(), std::make_move_iterator(found.begin()),
                 std::make_move_iterator(found.end()));
    std::ranges::sort(lines, before);
    if (lines.size() > most) lines.resize(most);
  }
  if (answer.lines.size() > shared->lines_max) {
    answer.lines.resize(shared->lines_max);
    answer.complete = true;
    answer.more.reset();
    if (!answer.lines.empty()) {
      answer.more = LogCursor{answer.lines.back().time.nanoseconds, answer.lines.back().sequence};
    }
  }
  co_return answer;
}

Deferred<LogAnswer> LogStore::largest(LogSearch search, std::string name) {
  auto permit = co_await admit();
  MonotonicTime due = world_.clock.now() + options_.search_time_max;
  LogAnswer answer;
  auto shared = std::make_shared<const LogSearch>(std::move(search));
  std::vector<std::pair<double, FoundLine>> best;
  std::vector<Piece> all = pieces(shared->range.from, shared->range.to);
  answer.blocks = all.size();
  for (auto& piece : all) {
    answer.complete = world_.clock.now() <= due;
    if (!answer.complete) break;
    bool may = co_await may_match(piece, shared->query);
    if (!may) continue;
    auto batch = co_await unpacked(piece, true, true);
    ++answer.blocks_read;
    auto work = [shared, batch, name] {
      return largest_matches(*batch, shared->query, shared->range, name, shared->lines_max);
    };
    auto found = co_await run_on(world_.workers, std::move(work));
    best.insert(best.end(), std::make_move_iterator(found.begin()),
                std::make_move_iterator(found.end()));
    std::ranges::sort(best, [](auto& a, auto& b) { return a.first > b.first; });
    if (best.size() > shared->lines_max) best.resize(shared->lines_max);
  }
  for (auto& [value, line] : best) answer.lines.push_back(std::move(line));
  co_return answer;
}

Deferred<HistogramAnswer> LogStore::count(LogQuery query, LogHistogram histogram) {
  auto permit = co_await admit();
  MonotonicTime due = world_.clock.now() + options_.search_time_max;
  HistogramAnswer answer{std::move(histogram), 0, true, 0};
  auto& whole = answer.histogram;
  answer.counted_from = whole.from;
  auto shared = std::make_shared<const LogQuery>(std::move(query));
  std::int64_t to = whole.from + whole.step * static_cast<std::int64_t>(whole.counts.size());
  std::vector<Piece> all = pieces(whole.from, to);
  for (auto& piece : all) {
    if (world_.clock.now() > due) {
      answer.complete = false;
      answer.counted_from = std::min(piece.newest + 1, to);
      break;
    }
    bool may = co_await may_match(piece, *shared);
    if (!may) continue;
    auto batch = co_await unpacked(piece, shared->needs_texts(), shared->needs_texts());
    LogHistogram empty = whole;
    for (auto& counts : empty.counts) counts = {};
    auto work = [shared, batch, part = std::move(empty)]() mutable {
      count_matches(*batch, *shared, part);
      return std::move(part);
    };
    LogHistogram part = co_await run_on(world_.workers, std::move(work));
    whole.add(part);
  }
  for (auto& step : whole.counts) {
    for (std::uint64_t count : step) answer.lines += count;
  }
  co_return answer;
}

Deferred<LogStore::Followed> LogStore::follow(const LogQuery& query, std::uint64_t sequence) {
  Followed out;
  std::uint64_t first = heads_.front().batch->first_sequence();
  if (sequence < first) {
    out.lost = first - sequence;
    sequence = first;
  }
  out.next = std::max(sequence, next_sequence());
  std::vector<std::shared_ptr<const LineBatch>> parts;
  for (auto& head : heads_) {
    if (head.batch->next_sequence() <= sequence) continue;
    auto begin = static_cast<std::size_t>(
        sequence > head.batch->first_sequence() ? sequence - head.batch->first_sequence() : 0);
    parts.push_back(std::make_shared<const LineBatch>(head.batch->from(begin)));
  }
  auto work = [parts = std::move(parts), query] {
    std::vector<FoundLine> found;
    for (auto& part : parts) {
      auto more = matches_from(*part, query, 0, SIZE_MAX);
      found.insert(found.end(), std::make_move_iterator(more.begin()),
                   std::make_move_iterator(more.end()));
    }
    return found;
  };
  out.lines = co_await run_on(world_.workers, std::move(work));
  if (out.lines.size() > followed_max) {
    out.lost += out.lines.size() - followed_max;
    out.lines.erase(out.lines.begin(), out.lines.end() - followed_max);
  }
  co_return out;
}

}  // namespace berth::observe
