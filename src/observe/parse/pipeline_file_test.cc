#include "observe/parse/pipeline_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::observe {
namespace {

using testing::HasSubstr;

TEST(PipelineFile, reads_every_key) {
  auto spec = read_pipeline_file(R"(
names = "ecs"
parsers = ["haproxy", "grok %{ORDER}"]
lower = ["level"]
upper = ["verb"]
remove = ["x"]
redact = ["cards"]
patterns = { ORDER = "ORD-[0-9]+" }
date = { field = "timestamp", forms = ["ISO8601"], zone = "Europe/Berlin" }
rename = { a = "b" }
convert = { b = "int" }
set = { team = "shop" }
replace = [{ field = "path", pattern = "[0-9]+", with = ":id" }]
drop = [{ field = "path", matches = "^/health" }]
sample = [{ field = "status", matches = "^2", one_in = 10 }]
)",
                                 "parse.toml")
                  .value();
  EXPECT_EQ(spec.names, FieldNames::ecs);
  EXPECT_EQ(spec.parsers.size(), 2U);
  EXPECT_EQ(spec.patterns[0].second, "ORD-[0-9]+");
  EXPECT_EQ(spec.date_zone, "Europe/Berlin");
  EXPECT_EQ(spec.replace[0].with, ":id");
  EXPECT_EQ(spec.drop[0].field, "path");
  EXPECT_EQ(spec.sample[0].one_in, 10U);
  EXPECT_TRUE(spec.redaction.cards);
  EXPECT_FALSE(spec.redaction.mails);
}

TEST(PipelineFile, redaction_is_on_unless_switched_off) {
  EXPECT_TRUE(read_pipeline_file("parsers = []", "p.toml").value().redaction.tokens);
  EXPECT_FALSE(read_pipeline_file("parsers = []\nredact = []", "p.toml").value().redaction.any());
}

TEST(PipelineFile, tells_all_that_is_wrong_with_its_place) {
  auto spec = read_pipeline_file(
      "names = \"ess\"\nparser = []\nsample = [{ field = \"a\" }]\n"
      "redact = [\"names\"]",
      "p.toml");
  ASSERT_FALSE(spec.ok());
  std::string text(spec.error().message());
  EXPECT_THAT(text, HasSubstr("p.toml:1:9: names must be \"legacy\" or \"ecs\""));
  EXPECT_THAT(text, HasSubstr("parsers is missing"));
  EXPECT_THAT(text, HasSubstr("did you mean 'parsers'?"));
  EXPECT_THAT(text, HasSubstr("sample[0].one_in is missing"));
  EXPECT_THAT(text, HasSubstr("not \"names\""));
}

}  // namespace
}  // namespace berth::observe
