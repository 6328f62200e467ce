#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/toml.h"
#include "observe/streams/functions.h"
#include "observe/streams/streams_file.h"

namespace berth::observe::streams {

/// What is done in a test of streams: time goes on, then an event comes.
struct TestStep {
  Duration advance{};
  bool has_event = false;
  Settings event;
};
/// What must have come out, at one place.
struct TestExpectation {
  enum class Place : std::uint8_t { topic, output, index };
  Place place = Place::topic;
  std::string name;              // of topic or output; for the index a query
  bool exactly = true;           // else others may be among them
  std::vector<Settings> events;  // in this order, but for the index; fields that are not here: any
  TomlPlace written;
};
struct StreamsTest {
  std::string name;
  std::vector<TestStep> steps;
  std::vector<TestExpectation> expectations;
  std::uint64_t failures = 0;  // events that streams may not be able to handle
};
/// A test file (docs/formats/streams.md): streams are in another file, beside it.
struct StreamsTestFile {
  std::string streams;
  std::vector<StreamsTest> tests;
};

/// invalid: all that is wrong with it, a line each, "streams_test.toml:3:9: ...".
Result<StreamsTestFile> read_streams_test_file(std::string_view text, const std::string& name);

/// Runs a test on virtual time with fresh streams. Nothing: it passed; else what was not as
/// expected, a line each, "streams_test.toml:12:5: topic alerts: ...".
std::vector<std::string> run_streams_test(const StreamsTest& test, const StreamsFile& streams);

}  // namespace berth::observe::streams
