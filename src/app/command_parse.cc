#include <fmt/format.h>

#include <algorithm>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "app/time_zones.h"
#include "app/words.h"
#include "base/units.h"
#include "observe/parse/pipeline_file.h"
#include "os/disk.h"
#include "os/host.h"
#include "os/workers.h"

// berth parse: lines to records, as observation reads them, and what that costs.

namespace berth::app {
namespace {

constexpr std::size_t line_bytes_max = 1 << 20;
constexpr int measured_times = 9;

Result<observe::Pipeline> pipeline_of(const ParseArguments& arguments) {
  observe::PipelineSpec spec;
  if (!arguments.file.empty()) {
    auto text = TRY(os::read_small_file(arguments.file));
    spec = TRY(observe::read_pipeline_file(text, arguments.file));
  }
  if (arguments.ecs) spec.names = observe::FieldNames::ecs;
  if (!arguments.parsers.empty()) spec.parsers = arguments.parsers;
  if (spec.parsers.empty()) spec.parsers = {"haproxy", "json", "apache", "syslog", "logfmt"};
  return observe::Pipeline::compile(std::move(spec), zone_called);
}

struct Tried {
  std::string_view parser;
  bool fits = false;
  Duration took{};
};

/// Each parser up to the one that fits, with the middle of some measurements.
std::vector<Tried> tried_on(os::Reactor& clock, const observe::Pipeline& pipeline,
                            std::string_view line) {
  std::vector<Tried> out;
  for (std::size_t i = 0; i < pipeline.parsers(); ++i) {
    Tried tried{pipeline.parser_name(i)};
    std::vector<Duration> times;
    for (int round = 0; round < measured_times; ++round) {
      observe::Record record;
      MonotonicTime begin = clock.exact_now();
      tried.fits = pipeline.parse_with(i, line, clock.wall(), record);
      times.push_back(clock.exact_now() - begin);
    }
    std::ranges::sort(times);
    tried.took = times[times.size() / 2];
    out.push_back(tried);
    if (tried.fits) break;
  }
  return out;
}

std::string_view fate_word(observe::Pipeline::Fate fate) {
  if (fate == observe::Pipeline::Fate::dropped) return "dropped";
  return fate == observe::Pipeline::Fate::kept ? "kept" : "sampled out";
}

Json explained_json(const observe::Pipeline::Outcome& outcome, const std::vector<Tried>& all) {
  Json out = Json::object();
  out.set("line", outcome.record.line);
  out.set("parser", outcome.parser.empty() ? Json() : Json(outcome.parser));
  out.set("fate", fate_word(outcome.fate));
  out.set("redacted", outcome.redacted);
  Json list = Json::array();
  for (auto& each : all) {
    Json tried = Json::object();
    tried.set("parser", each.parser);
    tried.set("fits", each.fits);
    tried.set("nanoseconds", each.took.count());
    list.add(std::move(tried));
  }
  out.set("tried", std::move(list));
  out.set("record", outcome.record.json());
  return out;
}

void print_explained(const Output& output, const observe::Pipeline::Outcome& outcome,
                     const std::vector<Tried>& all) {
  output.line(output.style.bold(printable(outcome.record.line)));
  for (auto& each : all) {
    output.line(fmt::format("  {}  {}  {}", each.fits ? output.style.green("fits    ") : "fits not",
                            format_duration(each.took), each.parser));
  }
  if (outcome.parser.empty()) output.line(output.style.yellow("  no parser fits"));
  if (outcome.fate != observe::Pipeline::Fate::kept || outcome.redacted > 0) {
    output.line(fmt::format("  {}, {} places redacted", fate_word(outcome.fate), outcome.redacted));
  }
  Json record = outcome.record.json();
  std::size_t widest = 0;
  for (auto& field : record.members()) widest = std::max(widest, field.key.size());
  for (auto& field : record.members()) {
    output.line(fmt::format("    {:<{}}  {}", printable(field.key), widest, field.value.text()));
  }
}

/// The lines of a file or of standard input, the last one also without its end.
class LineSource {
 public:
  explicit LineSource(Session& session) : session_(session) {}

  Deferred<void> open(std::string path) {
    if (path.empty() || path == "-") {
      stream_ = co_await or_return(session_.process.standard_stream(StandardStream::input));
    } else {
      file_ = co_await disk_.open(std::move(path), OpenMode::read);
    }
  }
  Deferred<std::optional<std::string>> next() {
    for (;;) {
      std::size_t end = held_.find('\n', at_);
      if (end != held_.npos || ended_) {
        if (end == held_.npos && at_ == held_.size()) co_return std::nullopt;
        std::string line = held_.substr(at_, end == held_.npos ? end : end - at_);
        at_ = end == held_.npos ? held_.size() : end + 1;
        if (line.ends_with('\r')) line.pop_back();
        co_return line;
      }
      held_.erase(0, std::exchange(at_, 0));
      if (held_.size() > line_bytes_max) {
        co_return Error(Code::overloaded,
                        fmt::format("a line is longer than {} bytes", line_bytes_max));
      }
      Bytes more;
      if (stream_) {
        more = co_await stream_->read(64 << 10);
      } else {
        more = co_await file_->read(read_, 64 << 10);
      }
      read_ += more.size();
      held_ += more.view();
      ended_ = more.empty();
    }
  }

 private:
  Session& session_;
  os::Workers workers_{1};
  os::Disk disk_{workers_};
  std::unique_ptr<ByteStream> stream_;
  std::unique_ptr<File> file_;
  std::string held_;
  std::size_t at_ = 0;
  std::uint64_t read_ = 0;
  bool ended_ = false;
};

}  // namespace

Deferred<int> run(Session& session, ParseArguments arguments) {
  const Output& output = session.output;
  auto pipeline = co_await or_return(pipeline_of(arguments));
  LineSource lines(session);
  co_await lines.open(arguments.lines);
  bool all_fit = true;
  while (auto line = co_await lines.next()) {
    if (line->empty()) continue;
    std::vector<Tried> tried;
    if (arguments.explain) tried = tried_on(session.reactor, pipeline, *line);
    auto outcome = pipeline.run(std::move(*line), session.reactor.wall());
    all_fit = all_fit && !outcome.parser.empty();
    if (arguments.explain && output.json) {
      output.line(explained_json(outcome, tried).text());
    } else if (arguments.explain) {
      print_explained(output, outcome, tried);
    } else if (outcome.fate == observe::Pipeline::Fate::kept) {
      output.line(outcome.record.json().text());
    }
  }
  co_return all_fit ? exit_done : exit_failed;
}

}  // namespace berth::app
