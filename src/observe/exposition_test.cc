#include "observe/exposition.h"

#include <gtest/gtest.h>

#include <cmath>

namespace berth::observe {
namespace {

TEST(Exposition, the_text_format_has_types_labels_and_times_in_milliseconds) {
  auto read = read_exposition(
      "# HELP http_requests_total All of them.\n"
      "# TYPE http_requests_total counter\n"
      "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
      "http_requests_total { code = \"a\\\"b\\\\\\n\" , } 3\n"
      "# just a remark\n"
      "\n"
      "no_labels -Inf\n"
      "nan_value NaN\n",
      false);
  ASSERT_TRUE(read.ok()) << read.error().text();
  ASSERT_EQ(read->samples.size(), 4u);
  EXPECT_EQ(read->samples[0].labels.text(),
            R"({__name__="http_requests_total", code="200", method="post"})");
  EXPECT_EQ(read->samples[0].value, 1027);
  EXPECT_EQ(read->samples[0].time, 1395066363000);
  EXPECT_EQ(read->samples[1].labels.value("code"), "a\"b\\\n");
  EXPECT_EQ(read->samples[1].time, std::nullopt);
  EXPECT_TRUE(std::isinf(read->samples[2].value));
  EXPECT_TRUE(std::isnan(read->samples[3].value));
  ASSERT_EQ(read->about.size(), 1u);
  EXPECT_EQ(read->about[0].type, "counter");
  EXPECT_EQ(read->about[0].help, "All of them.");
}

TEST(Exposition, open_metrics_has_seconds_exemplars_and_an_end) {
  auto read = read_exposition(
      "# TYPE a histogram\n"
      "a_bucket{le=\"0.1\"} 8 1.5 # {trace=\"x\"} 0.07\n"
      "a_bucket{le=\"+Inf\"} 9 # {trace=\"y\"} 0.7 3\n"
      "# EOF\n",
      true);
  ASSERT_TRUE(read.ok()) << read.error().text();
  EXPECT_EQ(read->samples[0].time, 1500);
  EXPECT_EQ(read->samples[1].time, std::nullopt);
  EXPECT_FALSE(read_exposition("a 1\n", true).ok());
  EXPECT_FALSE(read_exposition("# EOF\na 1\n", true).ok());
}

TEST(Exposition, what_is_wrong_is_told_with_its_line) {
  auto error = [](std::string_view text, ExpositionLimits limits = {}) {
    auto read = read_exposition(text, false, limits);
    return read.ok() ? "" : std::string(read.error().message());
  };
  EXPECT_EQ(error("a 1\nb x\n"), "line 2: 'x' is no number");
  EXPECT_EQ(error("1a 1\n"), "line 1: a metric's name is missing");
  EXPECT_EQ(error("a{b=c} 1"), "line 1: a label must be name=\"value\"");
  EXPECT_EQ(error("a{b=\"c} 1"), "line 1: label b has no closing quote");
  EXPECT_EQ(error("a{b=\"c\"x=\"y\"} 1"), "line 1: '}' is missing");
  EXPECT_EQ(error("a 1 2 3"), "line 1: there is something behind the time");
  EXPECT_EQ(error("a 1\nb 2\n", {.samples_max = 1}), "line 2: more than 1 samples");
  EXPECT_EQ(error("a{b=\"1\",c=\"2\"} 1", {.labels_max = 2}), "line 1: more than 2 labels");
  EXPECT_EQ(error("a{b=\"\xff\"} 1"), "line 1: label b is no UTF-8");
}

}  // namespace
}  // namespace berth::observe
