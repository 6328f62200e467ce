#include "app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "app/command_help.h"
#include "app/completion.h"

namespace berth::app {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string>;

template <class T>
T read_as(const Words& words) {
  Parsed parsed = parse_command_line(words);
  EXPECT_TRUE(parsed.line) << parsed.text;
  if (!parsed.line) return {};
  auto* arguments = std::get_if<T>(&parsed.line->arguments);
  EXPECT_TRUE(arguments) << words[0];
  return arguments ? *arguments : T{};
}

void expect_usage(const Words& words, const std::string& text) {
  Parsed parsed = parse_command_line(words);
  EXPECT_FALSE(parsed.line) << testing::PrintToString(words);
  EXPECT_EQ(parsed.exit_code, 2);
  EXPECT_THAT(parsed.text, HasSubstr(text));
  EXPECT_THAT(parsed.text, HasSubstr("--help"));
}

TEST(CommandLine, words_and_flags_arrive_in_any_order) {
  for (auto& words :
       {Words{"logs", "-f", "orders/1", "-n", "50"},
        Words{"logs", "orders/1", "--lines=50", "--follow"}, Words{"logs", "-fn50", "orders/1"}}) {
    auto logs = read_as<LogsArguments>(words);
    EXPECT_EQ(logs.of, "orders/1");
    EXPECT_TRUE(logs.follow);
    EXPECT_EQ(logs.lines, 50U);
    EXPECT_FALSE(logs.query || logs.since);
  }
}

TEST(CommandLine, common_flags_may_stand_before_and_behind_the_command) {
  for (auto& words : {Words{"--json", "-C", "/x", "--env", "test", "ps", "orders"},
                      Words{"ps", "orders", "--json", "-C", "/x", "--env", "test"}}) {
    Parsed parsed = parse_command_line(words);
    ASSERT_TRUE(parsed.line) << parsed.text;
    EXPECT_TRUE(parsed.line->common.json);
    EXPECT_EQ(parsed.line->common.folder, "/x");
    EXPECT_EQ(parsed.line->common.environment, "test");
    EXPECT_EQ(std::get<PsArguments>(parsed.line->arguments).service, "orders");
  }
}

TEST(CommandLine, a_call_takes_what_curl_takes) {
  auto call = read_as<CallArguments>({"call", "-H", "a: 1", "-H", "b: 2", "-X", "PUT", "-d",
                                      "[1, 2]", "orders", "/x?y=1", "--timeout", "2s"});
  EXPECT_EQ(call.service, "orders");
  EXPECT_EQ(call.path, "/x?y=1");
  EXPECT_EQ(call.method, "PUT");
  EXPECT_EQ(call.body, "[1, 2]");
  EXPECT_EQ(call.headers, (Words{"a: 1", "b: 2"}));
  EXPECT_EQ(call.timeout, Duration(2s));
}

TEST(CommandLine, a_message_is_taken_as_it_is) {
  for (std::string body : {"{\"a\": [1]}", "[1,2]", "-", "@file", "", "%%", "a b"}) {
    auto publish = read_as<PublishArguments>({"publish", "order.created", body});
    EXPECT_EQ(publish.body, body);
  }
  EXPECT_EQ(read_as<PublishArguments>({"publish", "t", "--", "-x"}).body, "-x");
}

TEST(CommandLine, parse_takes_parsers_with_their_patterns) {
  auto parse = read_as<ParseArguments>(
      {"parse", "-p", "grok %{INT:n} x", "-p", "json", "--explain", "-f", "p.toml", "a.log"});
  EXPECT_EQ(parse.parsers, (Words{"grok %{INT:n} x", "json"}));
  EXPECT_EQ(parse.lines, "a.log");
  EXPECT_EQ(parse.file, "p.toml");
  EXPECT_TRUE(parse.explain);
  EXPECT_FALSE(parse.ecs);
}

TEST(CommandLine, streams_test_takes_a_file_and_half_of_it_is_told) {
  EXPECT_EQ(read_as<StreamsTestArguments>({"streams", "test", "a.toml"}).file, "a.toml");
  Parsed half = parse_command_line({"streams"});
  EXPECT_EQ(half.exit_code, 2);
  EXPECT_THAT(half.text, HasSubstr("'berth streams' needs one more word: test"));
  EXPECT_THAT(parse_command_line({"proxy"}).text,
              HasSubstr("needs one more word: run, state, sessions, tail"));
}

TEST(CommandLine, changes_wait_unless_told_otherwise) {
  auto scale = read_as<ScaleArguments>({"scale", "orders", "0"});
  EXPECT_EQ(scale.instances, 0U);
  EXPECT_TRUE(scale.waiting.wait);
  EXPECT_FALSE(read_as<ScaleArguments>({"scale", "orders", "3", "--no-wait"}).waiting.wait);
  EXPECT_EQ(read_as<RollbackArguments>({"rollback", "orders"}).version, std::nullopt);
  EXPECT_EQ(read_as<RollbackArguments>({"rollback", "orders", "2"}).version, 2U);
  EXPECT_FALSE(read_as<VersionArguments>({"version"}).verbose);
  EXPECT_TRUE(read_as<VersionArguments>({"version", "-v"}).verbose);
}

TEST(CommandLine, what_processes_of_a_host_are_given) {
  auto dev = read_as<DevArguments>({"dev", "shop", "--port", "7500", "--once"});
  EXPECT_EQ(dev.folder, "shop");
  EXPECT_EQ(dev.console_port, 7500);
  EXPECT_EQ(dev.dns_port, std::nullopt);
  EXPECT_TRUE(dev.once);
  auto proxy = read_as<ProxyArguments>({"proxy", "run", "--state", "/s", "--host", "h", "--dns",
                                        "127.0.0.1:8600", "--syslog", "127.0.0.1:5514"});
  EXPECT_EQ(proxy.host, "h");
  EXPECT_EQ(proxy.dns, Address::loopback(8600));
  EXPECT_EQ(proxy.syslog, Address::loopback(5514));
  auto alone = read_as<ProxyArguments>({"proxy", "run", "proxy.toml", "--check"});
  EXPECT_EQ(alone.file, "proxy.toml");
  EXPECT_TRUE(alone.check);
  auto drain = read_as<ProxyControlArguments>({"proxy", "drain", "users/1", "--wait", "1m"});
  EXPECT_EQ(drain.what, ProxyControlArguments::What::drain);
  EXPECT_EQ(drain.of, "users/1");
  EXPECT_EQ(drain.wait, 1min);
  EXPECT_EQ(drain.control, "proxy.sock");
  EXPECT_EQ(read_as<ShimArguments>({"shim", "/spec"}).spec, "/spec");
}

TEST(CommandLine, a_search_of_logs_needs_no_service) {
  auto logs = read_as<LogsArguments>({"logs", "-q", "level:error timeout", "--since", "1h30m"});
  EXPECT_EQ(logs.of, "");
  EXPECT_EQ(logs.query, "level:error timeout");
  EXPECT_EQ(logs.since, 90min);
  EXPECT_EQ(read_as<LogsArguments>({"logs", "orders", "--since=5m"}).since, 5min);
  expect_usage({"logs", "-q", "x", "--since", "soon"}, "'soon'");
}

TEST(CommandLine, wrong_usage_is_told_with_the_nearest_right_word) {
  expect_usage({"deplyo"}, "there is no command 'deplyo'; did you mean 'deploy'?");
  expect_usage({"--json", "lgos"}, "did you mean 'logs'?");
  expect_usage({"logs", "--folow", "orders"}, "logs has no flag --folow; did you mean '--follow'?");
  expect_usage({"logs"}, "logs needs SERVICE|INSTANCE; usage: berth logs");
  expect_usage({"ps", "a", "b"}, "'b' is one word too many; usage: berth ps");
  expect_usage({"--jsno"}, "did you mean '--json'?");
  expect_usage({"proxy"}, "one more word");
  expect_usage({"logs", "-x", "orders"}, "logs has no flag -x\n");
}

TEST(CommandLine, wrong_values_are_told_with_what_may_stand_there) {
  expect_usage({"scale", "orders", "many"}, "'many' is no whole number from 0 to 100000");
  expect_usage({"scale", "orders", "-1"}, "'-1' is no whole number");
  expect_usage({"scale", "orders", "99999999999"}, "no whole number");
  expect_usage({"dev", "--port", "70000"}, "'70000' is no whole number from 1 to 65535");
  expect_usage({"metrics", "--since", "5"}, "is not a duration");
  expect_usage({"chart", "--png"}, "EXPR|DASHBOARD");
  expect_usage({"completion", "tcsh"}, "tcsh not in {bash,zsh,fish}");
  expect_usage({"topics", "t", "--dead", "--send-again", "all"}, "excludes");
}

TEST(CommandLine, every_command_has_help_with_an_example) {
  auto shapes = command_shapes();
  EXPECT_GE(shapes.size(), 20U);
  std::set<std::string> names;
  for (auto& shape : shapes) {
    names.insert(shape.name);
    Words words;
    std::string name = shape.name;
    if (auto blank = name.find(' '); blank != name.npos) {
      words = {name.substr(0, blank), name.substr(blank + 1)};
    } else {
      words = {name};
    }
    words.emplace_back("--help");
    Parsed parsed = parse_command_line(words);
    EXPECT_EQ(parsed.exit_code, 0);
    EXPECT_THAT(parsed.text, HasSubstr("berth " + name));
    EXPECT_THAT(parsed.text, HasSubstr("For example:\n  "));
    EXPECT_THAT(parsed.text, HasSubstr("Exit codes: 0 done"));
    EXPECT_FALSE(shape.summary.empty());
    for (auto& flag : shape.flags) EXPECT_FALSE(flag.help.empty()) << name << flag.names[0];
  }
  for (auto* name : {"dev",     "plan",       "deploy",  "ps",          "logs",    "top",
                     "scale",   "rollback",   "restart", "rm",          "resolve", "call",
                     "publish", "topics",     "metrics", "chart",       "doctor",  "version",
                     "kill",    "completion", "parse",   "streams test"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
}

TEST(CommandLine, no_word_at_all_gives_the_list_of_commands) {
  for (auto& words : {Words{}, Words{"--help"}, Words{"help"}, Words{"-h"}}) {
    Parsed parsed = parse_command_line(words);
    EXPECT_EQ(parsed.exit_code, 0);
    for (auto& shape : command_shapes()) EXPECT_THAT(parsed.text, HasSubstr(shape.summary));
  }
  EXPECT_THAT(parse_command_line({"help", "scale"}).text,
              HasSubstr("berth scale [FLAGS] SERVICE N"));
}

std::vector<std::string> offered(const Words& words) {
  std::vector<std::string> out;
  for (auto& candidate : completion_of(command_shapes(), common_flags(), words).candidates) {
    out.push_back(candidate.text);
  }
  return out;
}
std::string kind_of(const Words& words) {
  return completion_of(command_shapes(), common_flags(), words).value;
}

TEST(Completion, offers_commands_flags_and_choices_that_begin_so) {
  EXPECT_EQ(offered({"lo"}), Words{"logs"});
  EXPECT_EQ(offered({"re"}), (Words{"restart", "resolve"}));
  EXPECT_EQ(offered({"proxy", "s"}), (Words{"state", "sessions", "slow"}));
  EXPECT_EQ(offered({"proxy", "t"}), Words{"tail"});
  EXPECT_EQ(offered({"prox"}), Words{"proxy"});
  EXPECT_EQ(offered({"logs", "--f"}), (Words{"--follow", "--folder"}));
  EXPECT_EQ(offered({"--fo"}), Words{"--folder"});
  EXPECT_EQ(offered({"completion", "z"}), Words{"zsh"});
  EXPECT_GE(offered({""}).size(), 20U);
  EXPECT_GE(offered({}).size(), 20U);
}

TEST(Completion, knows_what_kind_of_word_comes_next) {
  EXPECT_EQ(kind_of({"logs", ""}), "SERVICE|INSTANCE");
  EXPECT_EQ(kind_of({"logs", "-f", "or"}), "SERVICE|INSTANCE");
  EXPECT_EQ(kind_of({"logs", "-n", "5", ""}), "SERVICE|INSTANCE");
  EXPECT_EQ(kind_of({"logs", "-n", ""}), "N");
  EXPECT_EQ(kind_of({"logs", "orders", ""}), "");
  EXPECT_EQ(kind_of({"kill", ""}), "INSTANCE");
  EXPECT_EQ(kind_of({"publish", "ord"}), "TOPIC");
  EXPECT_EQ(kind_of({"deploy", "a", "b", ""}), "SERVICE");
  EXPECT_EQ(kind_of({"parse", ""}), "FILE");
  EXPECT_EQ(kind_of({"-C", ""}), "FOLDER");
  EXPECT_EQ(kind_of({"-C", "/x", "ps", ""}), "SERVICE");
  EXPECT_EQ(kind_of({"topics", "--service", ""}), "SERVICE");
  EXPECT_EQ(kind_of({"no-such-command", ""}), "");
}

TEST(Completion, names_come_from_the_state) {
  Json state = Json::parse(R"({"services": [
      {"name": "orders", "health": "healthy", "instances": [{"id": "orders/1", "state": "healthy"}]},
      {"name": "users", "health": "failing", "instances": []}],
    "topics": [{"name": "order.created", "published": 3}]})")
                   .value();
  EXPECT_EQ(names_for("SERVICE", state, ""),
            (std::vector<Candidate>{{"orders", "healthy"}, {"users", "failing"}}));
  EXPECT_EQ(names_for("SERVICE|INSTANCE", state, "o"),
            (std::vector<Candidate>{{"orders", "healthy"}}));
  EXPECT_EQ(names_for("SERVICE|INSTANCE", state, "orders/"),
            (std::vector<Candidate>{{"orders/1", "healthy"}}));
  EXPECT_EQ(names_for("TOPIC", state, "ord"),
            (std::vector<Candidate>{{"order.created", "3 published"}}));
  EXPECT_EQ(names_for("PATH", state, ""), std::vector<Candidate>{});
}

TEST(Completion, each_shell_has_its_script_with_the_program_quoted) {
  for (auto* shell : {"bash", "zsh", "fish"}) {
    auto script = completion_script(shell, "/a b/it's");
    ASSERT_TRUE(script);
    EXPECT_THAT(*script, HasSubstr("'/a b/it'\\''s'"));
    EXPECT_THAT(*script, HasSubstr("__complete"));
  }
  EXPECT_FALSE(completion_script("tcsh", "x"));
}

}  // namespace
}  // namespace berth::app
