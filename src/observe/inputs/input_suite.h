#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "observe/inputs/input_spec.h"
#include "sim/simulation.h"

namespace berth::observe {

/// An input on one host, who sends to it on another, in simulated time; what came of it.
struct InputSuite : testing::Test {
  sim::Simulation simulation{9};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& here = simulation.add_host("here");
  SampleStore samples{here.world(), Log(), SampleStoreOptions{"/samples"}};
  Observer observer{here.world(), samples, Log()};
  LineIntake lines{observer, here.clock};
  LineQueue queue{here.world(), Log(), lines, "/lines"};
  SampleWriter writer{here.world(), Log(), samples};
  streams::StreamCore core{here.clock, Log()};
  std::vector<std::string> got;  // "service: line"
  InputSpec spec;
  std::unique_ptr<Input> input;

  void SetUp() override {
    ASSERT_TRUE(simulation.run(samples.open()).ok());
    ASSERT_TRUE(simulation.run(queue.open(0)).ok());
    lines.add_sink([this](const ParsedLine& parsed) {
      got.push_back(std::string(parsed.line.service) + ": " + parsed.record.line);
    });
  }
  void TearDown() override {
    if (input) EXPECT_TRUE(simulation.run(input->close()).ok());
    EXPECT_TRUE(simulation.run(queue.close()).ok());
  }
  void make(std::string kind, std::uint16_t port, Place::How how = Place::How::tcp) {
    spec.kind = spec.name = std::move(kind);
    if (port != 0) spec.listen = {{how, here.address(port)}};
    make();
  }
  void make() {
    auto made = make_input(spec, {here.world(), Log(), queue, writer, core, "/data"});
    ASSERT_TRUE(made.ok()) << made.error().text();
    input = std::move(*made);
  }
  std::unique_ptr<ByteStream> connect(std::uint16_t port) {
    return simulation.run(outside.network.connect(here.address(port))).value();
  }
  void send(ByteStream& stream, std::string_view text) {
    EXPECT_TRUE(simulation.run(stream.write(Bytes::copy(text))).ok());
    simulation.run_for(50ms);
  }
  /// All that comes until nothing does for a while, or until the end.
  std::string receive(ByteStream& stream) {
    std::string all;
    for (;;) {
      auto read = stream.read(1 << 20);
      if (!simulation.run_until([&] { return !read.pending(); }, 200ms)) return all;
      auto bytes = read.take();
      if (!bytes.ok() || bytes->empty()) return all;
      all += bytes->view();
    }
  }
  void send_datagram(std::uint16_t port, std::string_view text) {
    auto socket = outside.network.bind_datagram(outside.address(0)).value();
    EXPECT_TRUE(socket->send(here.address(port), Bytes::copy(text)));
    simulation.run_for(50ms);
  }
  /// Samples of every series as `name{labels} value`, in order.
  std::vector<std::string> taken() {
    promql::Selection selection;
    selection.from = 0;
    selection.to = INT64_MAX / 2;
    std::vector<std::string> out;
    auto found = simulation.run(samples.select(selection, 1'000'000)).value();
    for (auto& each : found) {
      std::string text = each.labels.text() + " =";
      for (auto& sample : each.samples) text += " " + std::to_string(sample.value);
      out.push_back(std::move(text));
    }
    std::ranges::sort(out);
    return out;
  }
};

}  // namespace berth::observe
