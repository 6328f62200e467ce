#include "observe/parse/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::observe {
namespace {

using testing::HasSubstr;

Result<TimeZone> no_zones(const std::string& name) {
  if (name == "Etc/Test") return TimeZone::fixed(7200);
  return Error(Code::not_found, "there is no time zone '" + name + "'");
}
Pipeline made(PipelineSpec spec) { return Pipeline::compile(std::move(spec), no_zones).value(); }
std::string refusal(PipelineSpec spec) {
  auto pipeline = Pipeline::compile(std::move(spec), no_zones);
  return pipeline.ok() ? "taken" : std::string(pipeline.error().message());
}

TEST(Pipeline, tries_parsers_in_order_and_tags_what_none_takes) {
  PipelineSpec spec;
  spec.patterns = {{"ORDER", "ORD-%{INT:order:int}"}};
  spec.parsers = {"json", "grok ^%{ORDER}", "dissect <%{a}> %{b}", "csv x;y", "logfmt"};
  spec.parsers.pop_back();
  Pipeline pipeline = made(spec);
  auto run = [&](const char* line) {
    auto outcome = pipeline.run(line, {});
    return std::string(outcome.parser) + " " + outcome.record.json().text();
  };
  EXPECT_EQ(run(R"({"msg":"x"})"), R"(json {"msg":"x","message":"x"})");
  EXPECT_EQ(run("ORD-7 paid"), R"(grok ^%{ORDER} {"order":7})");
  EXPECT_EQ(run("<1> 2"), R"(dissect <%{a}> %{b} {"a":"1","b":"2"})");
  EXPECT_EQ(run("\"open"), R"( {"tags":["_parsefailure","_grokparsefailure"]})");
}

TEST(Pipeline, changes_fields_in_the_documented_order) {
  PipelineSpec spec;
  spec.parsers = {"logfmt"};
  spec.date_field = "at";
  spec.date_forms = {"yyyy-MM-dd'T'HH:mm"};
  spec.date_zone = "Etc/Test";
  spec.rename = {{"st", "status"}};
  spec.convert = {{"status", "int"}, {"share", "float"}, {"on", "bool"}};
  spec.set = {{"where", "%{host}:%{status}"}};
  spec.replace = {{"path", "/[0-9]+", "/:id"}};
  spec.lower = {"level"};
  spec.remove = {"at"};
  auto outcome = made(spec).run(
      "at=2026-11-24T12:00 st=200 share=0.5 on=yes host=web path=/a/7/b/8 level=WARN", {});
  EXPECT_EQ(outcome.record.json().text(),
            R"({"time":"2026-11-24T10:00:00.000000Z","share":0.5,"on":true,"host":"web",)"
            R"("path":"/a/:id/b/:id","level":"warn","status":200,"where":"web:200"})");
  auto wrong = made(spec).run("at=yesterday st=1", {});
  EXPECT_TRUE(wrong.record.has_tag("_dateparsefailure"));
}

TEST(Pipeline, drops_samples_and_redacts) {
  PipelineSpec spec;
  spec.parsers = {"logfmt"};
  spec.drop = {{"path", "^/health$", 0}};
  spec.sample = {{"status", "^2", 3}};
  Pipeline pipeline = made(spec);
  EXPECT_EQ(pipeline.run("path=/health status=500", {}).fate, Pipeline::Fate::dropped);
  int kept = 0;
  for (int i = 0; i < 9; ++i) {
    kept += pipeline.run("path=/ status=200", {}).fate == Pipeline::Fate::kept;
  }
  EXPECT_EQ(kept, 3);
  auto outcome = pipeline.run("status=500 mail=a@b.de", {});
  EXPECT_EQ(outcome.fate, Pipeline::Fate::kept);
  EXPECT_EQ(outcome.redacted, 2U);
  EXPECT_EQ(outcome.record.line, "status=500 mail=[mail]");
}

TEST(Pipeline, lines_that_are_no_utf8_are_repaired_first) {
  PipelineSpec spec;
  spec.parsers = {"grok %{GREEDYDATA:all}"};
  EXPECT_EQ(made(spec).run("a\xff", {}).record.json().text(), "{\"all\":\"a\xEF\xBF\xBD\"}");
}

TEST(Pipeline, apache_nginx_and_haproxy_have_names_of_their_own) {
  PipelineSpec spec;
  spec.names = FieldNames::ecs;
  spec.parsers = {"haproxy", "nginx"};
  Pipeline pipeline = made(spec);
  auto haproxy = pipeline.run(
      "1.2.3.4:5 [24/Nov/2026:12:00:00.123] web web/s1 0/0/1/2/3 200 12 - - ---- 1/1/1/1/0 0/0 "
      "\"GET /a HTTP/1.1\"",
      {});
  EXPECT_EQ(haproxy.parser, "haproxy");
  EXPECT_EQ(haproxy.record.find("http.response.status_code")->integer(), 200);
  auto nginx = pipeline.run(
      R"(1.2.3.4 - - [24/Nov/2026:12:00:00 +0000] "GET /a HTTP/2.0" 304 0 "-" "curl/8")", {});
  EXPECT_EQ(nginx.parser, "nginx");
  EXPECT_EQ(nginx.record.text_of("http.version"), "2.0");
}

TEST(Pipeline, a_wrong_part_is_refused_with_its_place) {
  PipelineSpec spec;
  spec.parsers = {"json", "grok a %{NOPE}"};
  EXPECT_THAT(refusal(spec), HasSubstr("parsers[1]: column 3: there is no pattern 'NOPE'"));
  spec.parsers = {"xml"};
  EXPECT_THAT(refusal(spec), HasSubstr("parsers[0]: a parser is haproxy"));
  spec.parsers = {"key_value &"};
  EXPECT_THAT(refusal(spec), HasSubstr("parsers[0]: key_value needs two words"));
  spec.parsers = {};
  spec.date_forms = {"yyyy Q"};
  EXPECT_THAT(refusal(spec), HasSubstr("date.forms[0]: column 6"));
  spec.date_forms = {};
  spec.drop = {{"a", "[z-a]", 0}};
  EXPECT_THAT(refusal(spec), HasSubstr("drop[0]: column 2: invalid character class range"));
  spec.drop = {};
  spec.convert = {{"a", "number"}};
  EXPECT_THAT(refusal(spec), HasSubstr("convert[0]: a type is int"));
  spec.convert = {};
  spec.date_zone = "Nowhere";
  EXPECT_THAT(refusal(spec), HasSubstr("there is no time zone 'Nowhere'"));
}

}  // namespace
}  // namespace berth::observe
