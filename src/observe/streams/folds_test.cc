#include "observe/streams/folds.h"

#include "observe/streams/streams_suite.h"

// riemann folds_test.clj, by its names.

namespace berth::observe::streams {
namespace {

/// What a fold makes of events, of which "nil" is a hole; "nothing", or "failed: ...".
std::string folded(const char* name, const Texts& written) {
  std::vector<Event> events;
  for (auto& each : written) events.push_back(each == "nil" ? Event() : e(each));
  std::vector<const Event*> views;
  for (std::size_t i = 0; i < written.size(); ++i) {
    views.push_back(written[i] == "nil" ? nullptr : &events[i]);
  }
  Event out;
  auto made = fold_called(name)->apply(views, out);
  if (!made.ok()) return "failed: " + std::string(made.error().message());
  return *made ? text(out) : "nothing";
}

TEST(Folds, sum_product_difference_quotient) {
  Texts three{"service=a metric=8", "metric=4", "metric=2"};
  EXPECT_EQ(folded("sum", three), "service=a metric=14");
  EXPECT_EQ(folded("product", three), "service=a metric=64");
  EXPECT_EQ(folded("difference", three), "service=a metric=2");
  EXPECT_EQ(folded("quotient", three), "service=a metric=1");
  for (auto* name : {"sum*", "product*", "difference*", "quotient*"}) {
    EXPECT_EQ(folded(name, three), folded(std::string(name, strlen(name) - 1).c_str(), three));
  }
}

TEST(Folds, of_nothing_nothing_comes) {
  for (auto& name : fold_names()) {
    std::string expected = name == "count" ? "metric=0" : "nothing";
    EXPECT_EQ(folded(name.c_str(), {}), expected) << name;
  }
  EXPECT_EQ(folded("sum", {"nil", "nil"}), "nothing");
  EXPECT_EQ(folded("mean", {"host=a"}), "nothing");
}

TEST(Folds, what_is_missing_is_left_out_told_or_an_error) {
  Texts holes{"nil", "service=a metric=3", "service=b", "metric=5"};
  EXPECT_EQ(folded("sum", holes), "service=a metric=8");
  EXPECT_EQ(folded("mean", holes), "service=a metric=4");
  EXPECT_EQ(folded("count", holes), "service=a metric=3");
  EXPECT_EQ(folded("difference", holes), "nothing");
  EXPECT_EQ(folded("difference", {"service=a metric=3", "nil"}),
            "service=a description=An event or metric was nil.");
  EXPECT_EQ(folded("quotient", {"service=a metric=3", "metric=0"}),
            "service=a description=Can't divide by zero");
  EXPECT_EQ(folded("quotient", {"service=a metric=0", "metric=3"}), "service=a metric=0");
  EXPECT_EQ(folded("quotient_sloppy", {"service=a metric=0", "metric=0"}), "service=a metric=0");
  EXPECT_EQ(folded("quotient_sloppy", {"service=a metric=6", "metric=3"}), "service=a metric=2");
  EXPECT_THAT(folded("sum*", holes), testing::HasSubstr("failed: an event or metric is missing"));
  EXPECT_THAT(folded("quotient*", {"metric=1", "metric=0"}), testing::HasSubstr("divide by zero"));
}

TEST(Folds, extremes_middle_and_deviation) {
  Texts some{"service=a metric=2", "service=b metric=4", "service=c metric=4",
             "service=d metric=5", "service=e metric=2", "host=x"};
  EXPECT_EQ(folded("minimum", some), "service=e metric=2");
  EXPECT_EQ(folded("maximum", some), "service=d metric=5");
  EXPECT_EQ(folded("median", some), "service=b metric=4");
  EXPECT_EQ(folded("std_dev", some), "service=a metric=1.2");
  EXPECT_EQ(folded("mode", {"service=a metric=1", "service=b metric=2", "service=c metric=1"}),
            "service=c metric=1");
}

TEST(Folds, sorted_sample_by_points) {
  std::vector<Event> all;
  for (int i = 0; i <= 100; ++i) all.push_back(e("service=s metric=" + std::to_string(100 - i)));
  std::vector<const Event*> views;
  for (auto& each : all) views.push_back(&each);
  Texts out;
  for (auto& each : sorted_sample(views, points({0, 0.5, 0.95, 1}))) out.push_back(text(each));
  EXPECT_EQ(out, (Texts{"service=s 0 metric=0", "service=s 0.5 metric=50",
                        "service=s 0.95 metric=95", "service=s 1 metric=100"}));
  EXPECT_EQ(modes(views).size(), 101u);
}

TEST(Folds, over_numbers) {
  std::vector<double> numbers{4, 1, 1};
  auto run = [&](const char* name) { return number_fold_called(name)->apply(numbers); };
  EXPECT_EQ(run("sum"), 6);
  EXPECT_EQ(run("product"), 4);
  EXPECT_EQ(run("mean"), 2);
  EXPECT_EQ(run("median"), 1);
  EXPECT_EQ(run("minimum"), 1);
  EXPECT_EQ(run("maximum"), 4);
  EXPECT_EQ(run("count"), 3);
  EXPECT_NEAR(run("std_dev"), 1.41421356, 1e-6);
  EXPECT_FALSE(number_fold_called("quotient"));
}

}  // namespace
}  // namespace berth::observe::streams
