#include <string>

#include "observe/logs/line_words.h"
#include "observe/logs/log_query.h"

using namespace berth::observe;

// The first line is a query, the rest a line of a log. Any query is read or refused with its place;
// and a block's filters never hide a line that matches.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t end = std::min(text.find('\n'), text.size());
  QueryFault fault;
  auto query = LogQuery::parse(text.substr(0, end), &fault);
  if (!query.ok()) {
    if (fault.at > end || fault.text.empty()) __builtin_trap();
    return 0;
  }
  std::string_view line = text.substr(std::min(end + 1, size));
  LogLineField fields[] = {{"a", line.substr(0, line.size() / 3)}, {"b", "x"}};
  LineBatch batch;
  batch.add({{0}, "h", "orders", "orders/1", berth::LogLevel::info, line, {}});
  batch.add({{0}, "h", "orders", "orders/1", berth::LogLevel::info, line, fields});
  WordCollector words;
  std::string lower;
  for (auto each : {line, fields[0].value, fields[1].value}) {
    lower_into(each, lower);
    words.add(lower);
  }
  std::string filter = words.filter();
  BlockFacts facts;
  facts.grams = &words.grams();
  for (std::uint64_t hash : query->words()) {
    std::size_t bucket = WordFilter::bucket_of(hash, filter.size());
    facts.words.push_back(WordFilter::may_hold(
        std::string_view(filter).substr(bucket, WordFilter::bucket_bytes), hash));
  }
  std::uint64_t levels[4] = {0, 2, 0, 0};
  lower_into(line, lower);
  bool found = query->matches(batch, 0, lower) || query->matches(batch, 1, lower);
  if (found && !query->may_match(batch.columns().source_names, levels, facts)) __builtin_trap();
  if (lower.find(query->required()) == lower.npos && found) __builtin_trap();
  return 0;
}
