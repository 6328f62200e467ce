#include <fmt/format.h>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/terminal.h"
#include "base/json.h"
#include "observe/streams/test_file.h"
#include "os/disk.h"
#include "os/host.h"

// berth streams test: events into the streams of a file, on virtual time, and what comes out.

namespace berth::app {
namespace {

/// Where a file stands that another one names: beside it.
std::string beside(const std::string& file, const std::string& name) {
  if (name.starts_with('/')) return name;
  std::size_t slash = file.rfind('/');
  return slash == file.npos ? name : file.substr(0, slash + 1) + name;
}

struct Read {
  observe::streams::StreamsTestFile file;
  observe::streams::StreamsFile streams;
};

Result<Read> read_all(const std::string& path) {
  auto text = TRY(os::read_small_file(path));
  Read out{TRY(observe::streams::read_streams_test_file(text, path)), {}};
  std::string streams = beside(path, out.file.streams);
  auto written = TRY(os::read_small_file(streams));
  out.streams = TRY(observe::streams::read_streams_file(written, streams));
  for (auto& name : out.streams.scripts) {
    std::string script = beside(streams, name);
    auto code = TRY(os::read_small_file(script));
    TRY(observe::streams::add_script(out.streams, code, script));
  }
  return out;
}

}  // namespace

Deferred<int> run(Session& session, StreamsTestArguments arguments) {
  const Output& output = session.output;
  auto read = co_await or_return(read_all(arguments.file));
  Json tests = Json::array();
  std::size_t failed = 0;
  for (auto& test : read.file.tests) {
    auto problems = observe::streams::run_streams_test(test, read.streams);
    if (!problems.empty()) ++failed;
    if (output.json) {
      bool passed = problems.empty();
      Json out = Json::object();
      out.set("name", test.name).set("passed", passed);
      out.set("problems", Json::array_of(std::move(problems)));
      tests.add(std::move(out));
      continue;
    }
    output.line(fmt::format(
        "{}  {}", problems.empty() ? output.style.green("passed") : output.style.red("failed"),
        printable(test.name)));
    for (auto& each : problems) output.line("        " + printable(each));
  }
  if (output.json) {
    Json all = Json::object();
    all.set("passed", failed == 0).set("tests", std::move(tests));
    output.line(all.text());
  } else {
    output.line(fmt::format("{} of {} tests passed", read.file.tests.size() - failed,
                            read.file.tests.size()));
  }
  co_return failed == 0 ? exit_done : exit_failed;
}

}  // namespace berth::app
