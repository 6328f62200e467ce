#include "base/varint.h"
#include "http/client.h"
#include "observe/inputs/input_suite.h"
#include "observe/inputs/line_fields.h"
#include "observe/inputs/otlp_metrics.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

struct HttpInputs : InputSuite {
  http::Client client{outside.clock, outside.network};
  std::vector<LogLine> seen;  // level and time only: texts are gone

  void SetUp() override {
    InputSuite::SetUp();
    lines.add_sink([this](const ParsedLine& parsed) {
      LogLine line;
      line.level = parsed.level;
      line.time = parsed.line.time;
      seen.push_back(line);
      fields.push_back(parsed.record.json().text());
    });
  }
  std::vector<std::string> fields;
  std::pair<int, std::string> post(std::uint16_t port, const std::string& target,
                                   const std::string& type, const std::string& body) {
    auto sent = simulation.run(client.post(here.address(port), target, type, body));
    EXPECT_TRUE(sent.ok());
    if (!sent.ok()) return {0, ""};
    return {sent->status(), simulation.run(sent->text()).value()};
  }
};

TEST(LineFields, knows_what_loggers_call_levels_and_times) {
  EXPECT_EQ(level_called("WARNING"), LogLevel::warning);
  EXPECT_EQ(level_called("fatal"), LogLevel::error);
  EXPECT_EQ(level_called("loud"), std::nullopt);
  for (double time : {1.7e9, 1.7e12, 1.7e15, 1.7e18}) {
    EXPECT_EQ(time_of_number(time)->nanoseconds, 1'700'000'000'000'000'000);
  }
  EXPECT_FALSE(time_of_number(12));
  EXPECT_FALSE(time_of_number(1e300));
}

TEST_F(HttpInputs, json_lines_are_acknowledged_once_they_are_safe) {
  make("json_lines", 7405);
  auto [status, answer] =
      post(7405, "/lines?service=fallback", "application/json",
           "{\"msg\":\"it broke\",\"level\":\"error\",\"service\":\"orders\",\"time\":1700000000}\n"
           "{\"log\":\"no level\"}\nplain text\n\n");
  EXPECT_EQ(status, 200);
  EXPECT_EQ(answer, "{\"lines\":3}");
  EXPECT_THAT(got, ElementsAre("orders: it broke", "fallback: no level", "fallback: plain text"));
  EXPECT_EQ(seen[0].level, LogLevel::error);
  EXPECT_EQ(seen[0].time.nanoseconds, 1'700'000'000'000'000'000);
  EXPECT_EQ(queue.counted(), 3U);
  EXPECT_EQ(post(7405, "/", "application/json", "[{\"msg\":\"a\"},{\"msg\":\"b\"}]").second,
            "{\"lines\":2}");
  EXPECT_EQ(post(7405, "/", "application/json", "[{").first, 400);
  here.disk.faults.bytes_max = 1;
  EXPECT_EQ(post(7405, "/", "application/json", "{\"msg\":\"lost?\"}").first, 503);
}

TEST_F(HttpInputs, journalds_entries_with_values_of_any_bytes) {
  make("journald", 19532);
  std::string message = "two\nlines";
  std::string size(8, '\0');
  size[0] = static_cast<char>(message.size());
  std::string entry =
      "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1700000000000000\nPRIORITY=3\n_HOSTNAME=h1\n"
      "SYSLOG_IDENTIFIER=orders\nMESSAGE\n" +
      size + message + "\n\n";
  std::string last = "__REALTIME_TIMESTAMP=1700000001000000\nMESSAGE=plain\n_COMM=cron\n";
  auto type = "application/vnd.fdo.journal";
  EXPECT_EQ(post(19532, "/upload", type, entry + last).first, 202);
  EXPECT_THAT(got, ElementsAre("orders: two\nlines", "cron: plain"));
  EXPECT_EQ(seen[0].level, LogLevel::error);
  EXPECT_EQ(seen[0].time.nanoseconds, 1'700'000'000'000'000'000);
  EXPECT_THAT(fields[0], HasSubstr("\"_HOSTNAME\":\"h1\""));
  EXPECT_EQ(post(19532, "/upload", type, "no field\n").first, 400);
}

const std::string otlp_logs = R"({"resourceLogs":[{"resource":{"attributes":[
  {"key":"service.name","value":{"stringValue":"orders"}}]},"scopeLogs":[{"logRecords":[
  {"timeUnixNano":"1700000000000000000","severityNumber":17,"body":{"stringValue":"it broke"},
   "attributes":[{"key":"user","value":{"intValue":"7"}}],
   "traceId":"5b8efff798038103d269b633813fc60c"}]}]}]})";

TEST_F(HttpInputs, otlp_logs_in_json) {
  make("otlp", 4318);
  auto [status, answer] = post(4318, "/v1/logs", "application/json", otlp_logs);
  EXPECT_EQ(status, 200);
  EXPECT_EQ(answer, "{}");
  EXPECT_THAT(got, ElementsAre("orders: it broke"));
  EXPECT_EQ(seen[0].level, LogLevel::error);
  EXPECT_EQ(seen[0].time.nanoseconds, 1'700'000'000'000'000'000);
  EXPECT_THAT(fields[0], HasSubstr("\"user\":7"));
  EXPECT_THAT(fields[0], HasSubstr("\"trace_id\":\"5b8efff798038103d269b633813fc60c\""));
  EXPECT_EQ(post(4318, "/v1/logs", "application/json", "[]").first, 400);
  EXPECT_EQ(post(4318, "/v1/logs", "text/plain", "x").first, 415);
  auto [refused, why] = post(4318, "/v1/traces", "application/json", "{}");
  EXPECT_EQ(refused, 501);
  EXPECT_THAT(why, HasSubstr("traces are not taken"));
}

/// Protobuf by hand: fields of a message.
struct Message {
  std::string text;
  Message& sized(int number, std::string_view value) {
    append_varint(text, static_cast<std::uint64_t>(number) << 3 | 2);
    append_sized(text, value);
    return *this;
  }
  Message& number(int number, std::uint64_t value) {
    append_varint(text, static_cast<std::uint64_t>(number) << 3);
    append_varint(text, value);
    return *this;
  }
  Message& fixed(int number, std::uint64_t value) {
    append_varint(text, static_cast<std::uint64_t>(number) << 3 | 1);
    text.append(reinterpret_cast<const char*>(&value), 8);
    return *this;
  }
  Message& real(int number, double value) {
    return fixed(number, std::bit_cast<std::uint64_t>(value));
  }
};
std::string attribute(std::string_view key, std::string_view value) {
  return Message().sized(1, key).sized(2, Message().sized(1, value).text).text;
}

TEST_F(HttpInputs, otlp_logs_and_metrics_in_protobuf) {
  make("otlp", 4318);
  std::string resource = Message().sized(1, attribute("service.name", "orders")).text;
  std::string log = Message()
                        .fixed(1, 1'700'000'000'000'000'000)
                        .number(2, 9)
                        .sized(5, Message().sized(1, "hello").text)
                        .text;
  std::string logs =
      Message()
          .sized(1, Message().sized(1, resource).sized(2, Message().sized(2, log).text).text)
          .text;
  EXPECT_EQ(post(4318, "/v1/logs", "application/x-protobuf", logs).first, 200);
  EXPECT_THAT(got, ElementsAre("orders: hello"));
  std::string point = Message().sized(7, attribute("path", "/a")).fixed(6, 12).text;
  std::string sum = Message().sized(1, point).number(2, 2).number(3, 1).text;
  std::string metric = Message().sized(1, "http.requests").sized(7, sum).text;
  std::string delta = Message().sized(1, "d").sized(7, Message().sized(1, point).text).text;
  std::string scope = Message().sized(2, metric).sized(2, delta).text;
  std::string metrics = Message().sized(1, Message().sized(1, resource).sized(2, scope).text).text;
  auto [status, answer] = post(4318, "/v1/metrics", "application/x-protobuf", metrics);
  EXPECT_EQ(status, 200);
  EXPECT_THAT(answer, HasSubstr("'d' does not tell whether it is cumulative"));
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"http_requests_total\", job=\"orders\", "
                                   "path=\"/a\"} = 12.000000"));
  EXPECT_EQ(post(4318, "/v1/metrics", "application/x-protobuf", "\x0a\x05xx").first, 400);
}

TEST_F(HttpInputs, otlp_deltas_are_kept_as_their_sum_and_count_once) {
  make("otlp", 4318);
  std::int64_t now = here.clock.wall().nanoseconds;
  auto send_delta = [&](std::int64_t from, std::int64_t to, int value) {
    std::string text = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"sold","sum":{
        "aggregationTemporality":1,"isMonotonic":true,"dataPoints":[{"asInt":")";
    text += std::to_string(value) + R"(","startTimeUnixNano":")" + std::to_string(from) +
            R"(","timeUnixNano":")" + std::to_string(to) + R"("}]}}]}]}]})";
    return post(4318, "/v1/metrics", "application/json", text).second;
  };
  EXPECT_EQ(send_delta(now - 30'000'000'000, now - 20'000'000'000, 5), "{}");
  EXPECT_EQ(send_delta(now - 20'000'000'000, now - 10'000'000'000, 7), "{}");
  EXPECT_THAT(send_delta(now - 20'000'000'000, now - 10'000'000'000, 7), HasSubstr("rejected"));
  EXPECT_THAT(taken(), ElementsAre("{__name__=\"sold_total\"} = 0.000000 5.000000 12.000000"));
}

/// "name{labels} value" of a metric in OTLP's JSON.
std::vector<std::string> given(const std::string& metric) {
  std::string text = R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[)" + metric + "]}]}]}";
  auto read = read_otlp_json(text, OtlpSignal::metrics).value();
  std::vector<std::string> out;
  auto give = [&](const OtlpSample& sample) {
    std::string line = sample.labels.text();
    line += sample.added ? " +" : " ";
    line += Json(sample.value).text();
    out.push_back(line);
    return true;
  };
  give_otlp_metrics(read.at(0), 5, give);
  return out;
}

TEST(OtlpMetrics, histograms_summaries_and_units_become_prometheus_own) {
  EXPECT_THAT(given(R"({"name":"took","unit":"s","histogram":{"aggregationTemporality":2,
                "dataPoints":[{"count":"6","sum":2.5,"bucketCounts":["1","2","3"],
                "explicitBounds":[0.1,1]}]}})"),
              UnorderedElementsAre("{__name__=\"took_seconds_count\"} 6",
                                   "{__name__=\"took_seconds_sum\"} 2.5",
                                   "{__name__=\"took_seconds_bucket\", le=\"0.1\"} 1",
                                   "{__name__=\"took_seconds_bucket\", le=\"1\"} 3",
                                   "{__name__=\"took_seconds_bucket\", le=\"+Inf\"} 6"));
  EXPECT_THAT(given(R"({"name":"e","exponentialHistogram":{"aggregationTemporality":
                "AGGREGATION_TEMPORALITY_CUMULATIVE","dataPoints":[{"count":6,"zeroCount":1,
                "scale":0,"positive":{"offset":1,"bucketCounts":["2","3"]}}]}})"),
              UnorderedElementsAre(
                  "{__name__=\"e_count\"} 6", "{__name__=\"e_bucket\", le=\"2\"} 1",
                  "{__name__=\"e_bucket\", le=\"4\"} 3", "{__name__=\"e_bucket\", le=\"8\"} 6",
                  "{__name__=\"e_bucket\", le=\"+Inf\"} 6"));
  EXPECT_THAT(given(R"({"name":"s","summary":{"dataPoints":[{"count":2,"sum":3,
                "quantileValues":[{"quantile":0.5,"value":1.5}]}]}})"),
              UnorderedElementsAre("{__name__=\"s_count\"} 2", "{__name__=\"s_sum\"} 3",
                                   "{__name__=\"s\", quantile=\"0.5\"} 1.5"));
  EXPECT_THAT(given(R"({"name":"use","unit":"1","gauge":{"dataPoints":[{"asDouble":0.5}]}})"),
              ElementsAre("{__name__=\"use_ratio\"} 0.5"));
  EXPECT_THAT(given(R"({"name":"n","sum":{"aggregationTemporality":1,"isMonotonic":true,
                "dataPoints":[{"asInt":"5"}]}})"),
              ElementsAre("{__name__=\"n_total\"} +5"));
  EXPECT_THAT(given(R"({"name":"gap","gauge":{"dataPoints":[{"flags":1}]}})"), IsEmpty());
}

}  // namespace
}  // namespace berth::observe
