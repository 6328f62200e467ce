// Lines for bench/observe_logs.py, and the store that keeps and searches them.
//   observe_logs make FILE LINES     plain lines: time, host, instance, level, text; one has the
//                                    word that no other has
//   observe_logs keep FOLDER FILE    puts them into the store; prints CPU and wall ns a line
//   observe_logs parse FILE          reads them and does nothing; for what that costs
//   observe_logs search FOLDER Q...  prints for each query, some rounds each: lines found,
//                                    blocks read, blocks, CPU and wall ms
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "async/clock.h"
#include "base/strings.h"
#include "observe/logs/log_store.h"
#include "os/react.h"
#include "process_time.h"

using namespace berth;

namespace {

constexpr std::int64_t begin = 1'764'000'000'000;  // milliseconds
constexpr std::array<std::string_view, 6> services{"orders",   "users", "payments",
                                                   "products", "web",   "mail"};
constexpr std::array<std::string_view, 4> levels{"DEBUG", "INFO", "WARN", "ERROR"};
constexpr std::size_t rounds = 5;
constexpr std::size_t crowd = 2000;  // lines that come, and are acknowledged, together

/// What services write: requests with ids and times, some of it JSON, some errors.
class Maker {
 public:
  void write(std::FILE* out, std::size_t lines) {
    double time = begin;
    for (std::size_t i = 0; i < lines; ++i) {
      time += std::exponential_distribution(0.7)(random_);
      std::size_t service = below(services.size());
      std::string_view level = levels[1];
      std::string text = line(level);
      if (i == lines / 3) text += " voucher=q7fzk3wn";
      fmt::print(out, "{} host-{} {}/{} {} {}\n", static_cast<std::int64_t>(time), service % 3,
                 services[service], 1 + below(3), level, text);
    }
  }

 private:
  std::size_t below(std::size_t most) { return random_() % most; }
  double took() { return std::lognormal_distribution(2.0, 1.0)(random_); }
  std::string line(std::string_view& level) {
    std::size_t kind = below(100);
    std::uint64_t trace = random_();
    if (kind < 55) {
      return fmt::format("GET /{}/{} 200 {} bytes in {:.2f} ms trace={:016x}",
                         services[below(services.size())], below(50'000), 200 + below(4000), took(),
                         trace);
    }
    if (kind < 75) {
      return fmt::format(
          R"({{"msg":"order placed","customer":{},"items":{},"total_cents":{},"trace":"{:016x}"}})",
          below(200'000), 1 + below(9), below(30'000), trace);
    }
    if (kind < 90) {
      return fmt::format("cache {} for key session:{:08x}, {} entries",
                         below(3) == 0 ? "miss" : "hit", random_() >> 32, 10'000 + below(3000));
    }
    if (kind < 97) {
      level = levels[2];
      return fmt::format("pool of connections to {} is empty, waited {} ms, {} are in use",
                         services[below(services.size())], below(500), 10 + below(10));
    }
    level = levels[3];
    return fmt::format(
        "request failed: connection to 10.0.{}.{}:{} was refused after {} attempts trace={:016x}",
        below(4), below(250), 30'000 + below(20'000), 1 + below(4), trace);
  }

  std::mt19937_64 random_{7};
};

std::string_view word(std::string_view& rest) {
  std::size_t end = rest.find(' ');
  std::string_view out = rest.substr(0, end);
  rest.remove_prefix(std::min(rest.size(), end + 1));
  return out;
}

/// The lines of a file, one by one.
class Reader {
 public:
  explicit Reader(const std::string& path) : file_(std::fopen(path.c_str(), "r")) {}
  Reader(const Reader&) = delete;
  ~Reader() {
    std::free(buffer_);
    std::fclose(file_);
  }
  /// Borrows from the reader until the next call.
  bool next(observe::StoredLine& line) {
    ssize_t size = ::getline(&buffer_, &room_, file_);
    if (size <= 0) return false;
    std::string_view rest(buffer_, static_cast<std::size_t>(size) - 1);
    line.time = {parse_integer<std::int64_t>(word(rest)).value_or(0) * 1'000'000};
    line.host = word(rest);
    line.instance = word(rest);
    line.service = line.instance.substr(0, line.instance.find('/'));
    line.level = static_cast<LogLevel>(std::ranges::find(levels, word(rest)) - levels.begin());
    line.text = rest;
    return true;
  }

 private:
  std::FILE* file_;
  char* buffer_ = nullptr;
  std::size_t room_ = 0;
};

observe::LogStoreOptions options_of(std::string folder) {
  observe::LogStoreOptions options;
  options.folder = std::move(folder);
  options.bytes_max = 1ULL << 40;
  options.kept = 24h * 365 * 100;
  options.search_time_max = 10min;
  return options;
}

Deferred<void> keep(World& world, std::string folder, std::string file) {
  observe::LogStore store(world, Log(), options_of(std::move(folder)));
  co_await store.open();
  bench::ProcessTime time;
  Reader reader(file);
  observe::StoredLine line;
  std::size_t lines = 0;
  while (reader.next(line)) {
    store.append(line);
    if (++lines % crowd != 0) continue;
    co_await store.commit();
    co_await store.room();
  }
  co_await store.commit();
  co_await store.pack_now();
  time.print(lines);
  co_await store.close();
}

void parse(const std::string& file) {
  bench::ProcessTime time;
  Reader reader(file);
  observe::StoredLine line;
  std::size_t lines = 0;
  while (reader.next(line)) ++lines;
  time.print(lines);
}

Deferred<void> search(World& world, std::string folder, std::vector<std::string> queries) {
  observe::LogStore store(world, Log(), options_of(std::move(folder)));
  co_await store.open();
  for (auto& text : queries) {
    auto query = co_await or_return(observe::LogQuery::parse(text));
    for (std::size_t i = 0; i < rounds; ++i) {
      bench::ProcessTime time;
      observe::LogSearch wanted{query, {}, 1000};
      auto answer = co_await store.search(std::move(wanted));
      std::printf("%s\t%zu %llu %llu ", text.c_str(), answer.lines.size(),
                  static_cast<unsigned long long>(answer.blocks_read),
                  static_cast<unsigned long long>(answer.blocks));
      time.print(1'000'000);
    }
  }
  co_await store.close();
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> given(arguments + 1, arguments + count);
  if (given.size() == 3 && given[0] == "make") {
    std::FILE* out = std::fopen(given[1].c_str(), "w");
    Maker().write(out, parse_integer<std::size_t>(given[2]).value_or(0));
    return std::fclose(out);
  }
  if (given.size() == 2 && given[0] == "parse") {
    parse(given[1]);
    return 0;
  }
  if (given.size() == 3 && given[0] == "keep") {
    return os::react([&](World& world) { return keep(world, given[1], given[2]); });
  }
  if (given.size() >= 3 && given[0] == "search") {
    std::vector<std::string> queries(given.begin() + 2, given.end());
    return os::react([&](World& world) { return search(world, given[1], queries); });
  }
  std::fprintf(stderr,
               "usage: observe_logs make FILE LINES | keep FOLDER FILE | parse FILE | "
               "search FOLDER QUERY...\n");
  return 2;
}
