#include "base/toml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/toml_reader.h"

namespace berth {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

TomlValue parsed(std::string_view text, std::string file = "berth.toml") {
  Result<TomlValue> value = TomlValue::parse(text, std::move(file));
  EXPECT_TRUE(value.ok()) << value.error().text();
  return value.ok() ? *value : TomlValue();
}

constexpr std::string_view shop = R"([system]
name = "shop"

[service.users]
command = "python3 app.py"
port = 8000
cpu = 0.5
memory = "128MiB"
needs = ["db", "payments"]
env = { LOG_LEVEL = "info", A = "ä" }
update.healthy_for = "5s"

[service.mail]
public = true
)";

TEST(Toml, keeps_order_and_places) {
  TomlValue file = parsed(shop);
  ASSERT_EQ(file.members().size(), 2u);
  const TomlValue& services = *file.find("service");
  EXPECT_EQ(services.members()[0].key, "users");
  EXPECT_EQ(services.members()[1].key, "mail");
  const TomlValue& users = *services.find("users");
  EXPECT_EQ(users.place().text(), "berth.toml:4:1");
  EXPECT_EQ(users.members()[1].key, "port");
  EXPECT_EQ(users.members()[1].key_place.text(), "berth.toml:6:1");
  EXPECT_EQ(users.find("port")->place().text(), "berth.toml:6:8");
  EXPECT_EQ(*users.find("port")->integer(), 8000);
  EXPECT_EQ(users.find("env")->find("A")->place().column, 33u);
}

TEST(Toml, says_where_the_syntax_is_wrong) {
  struct Case {
    std::string_view text;
    std::string_view start;
  };
  constexpr Case cases[] = {
      {"a = 1\nb = \n", "f.toml:2:5: "},
      {"a = 1\na = 2\n", "f.toml:2:"},
      {"[=\n", "f.toml:1:2: "},
      {"b = 1\nä = 1\n", "f.toml:2:1: "},
      {"[a\n", "f.toml:1:3: "},
      {"a = \"x\n", "f.toml:1:7: "},
      {"a = 99999999999999999999", "f.toml:1:"},
      {"a = \"\xff\"", "f.toml:1:"},
  };
  for (const Case& one : cases) {
    Result<TomlValue> value = TomlValue::parse(one.text, "f.toml");
    ASSERT_FALSE(value.ok()) << one.text;
    EXPECT_THAT(std::string(value.error().message()), StartsWith(std::string(one.start)));
  }
}

TEST(Toml, limits_size_and_depth) {
  EXPECT_THAT(
      std::string(TomlValue::parse(std::string((1 << 20) + 1, '\n'), "f").error().message()),
      HasSubstr("at most 1048576"));
  EXPECT_FALSE(TomlValue::parse("a = " + std::string(100000, '['), "f").ok());
}

TEST(Toml, overlays_member_by_member) {
  TomlValue file = parsed("[service.users]\nport = 1\nneeds = [\"a\"]\n");
  TomlValue over =
      parsed("service.users.needs = [\"b\"]\nservice.users.instances = 6\n", "production.toml");
  file.overlay(over);
  const TomlValue& users = *file.find("service")->find("users");
  EXPECT_EQ(*users.find("port")->integer(), 1);
  EXPECT_EQ(*users.find("needs")->items()[0].string(), "b");
  EXPECT_EQ(users.find("instances")->place().text(), "production.toml:2:27");
}

TEST(TomlReader, reads_a_table_by_its_keys) {
  TomlValue file = parsed(shop);
  TomlErrors errors;
  TomlReader root(file, "", errors);
  std::optional<TomlReader> system = root.table("system");
  ASSERT_TRUE(system);
  EXPECT_EQ(system->string("name"), "shop");
  system->finish();
  auto services = root.tables("service");
  root.finish();
  ASSERT_EQ(services.size(), 2u);
  EXPECT_EQ(services[0].first, "users");
  TomlReader& users = services[0].second;
  EXPECT_EQ(users.path(), "service.users");
  EXPECT_EQ(users.string("command"), "python3 app.py");
  EXPECT_EQ(users.integer("port", 1, 65535), 8000);
  EXPECT_EQ(users.cpu("cpu"), 500);
  EXPECT_EQ(users.size("memory"), 128 << 20);
  EXPECT_THAT(users.strings("needs").value(), ElementsAre("db", "payments"));
  EXPECT_THAT(users.string_map("env").value(),
              ElementsAre(Pair("LOG_LEVEL", "info"), Pair("A", "ä")));
  EXPECT_EQ(users.table("update")->duration("healthy_for"), 5s);
  EXPECT_EQ(users.boolean("public"), std::nullopt);
  users.finish();
  EXPECT_EQ(services[1].second.boolean("public"), true);
  EXPECT_THAT(errors.lines(), IsEmpty());
  EXPECT_TRUE(errors.result().ok());
}

TEST(TomlReader, tells_all_that_is_wrong_at_once) {
  TomlValue file = parsed(R"([service.users]
port = "http"
instnaces = 2
instances = -1
cpu = "much"
memory = true
needs = ["db", 3]
env = { A = 1 }
secrets = ["KEY"]
timeout = 5
since = 1979-05-27
zebra = 1
update = 3
)");
  TomlErrors errors;
  TomlReader root(file, "", errors);
  auto services = root.tables("service");
  TomlReader& users = services[0].second;
  users.integer("port", 1, 65535);
  users.integer("instances", 0);
  users.cpu("cpu");
  users.size("memory");
  users.strings("needs");
  users.string_map("env");
  users.duration("timeout");
  users.string("since");
  users.table("update");
  users.require("command");
  users.not_yet({"secrets", "volumes"});
  users.finish();
  EXPECT_THAT(
      errors.lines(),
      ElementsAre(
          "berth.toml:2:8: service.users.port must be an integer from 1 to 65535, found a string",
          "berth.toml:4:13: service.users.instances must be an integer of at least 0, found -1",
          "berth.toml:5:7: service.users.cpu is wrong: 'much' is not a share of cores: write 200m "
          "(thousandths of a core), 0.5, or a number of cores",
          "berth.toml:6:10: service.users.memory must be a size such as \"64KB\", \"128MiB\" or "
          "\"1GiB\", found a boolean",
          "berth.toml:7:16: service.users.needs must be an array of strings, found an integer",
          "berth.toml:8:13: service.users.env.A must be a string, found an integer",
          "berth.toml:10:11: service.users.timeout must be a duration such as \"250ms\", \"5s\" or "
          "\"1h30m\", found an integer",
          "berth.toml:11:9: service.users.since must be a string, found a date",
          "berth.toml:13:10: service.users.update must be a table, found an integer",
          "berth.toml:1:1: service.users.command is missing",
          "berth.toml:9:11: service.users.secrets is not supported yet: remove it",
          "berth.toml:3:1: unknown key 'instnaces' in service.users; did you mean 'instances'?",
          "berth.toml:12:1: unknown key 'zebra' in service.users"));
  EXPECT_TRUE(errors.result().error().is(Code::invalid));
}

TEST(TomlReader, tells_place_expectation_and_nearest_word_apart) {
  TomlValue file = parsed("prot = 80\nport = 99999\nfiles = 1\n");
  TomlErrors errors;
  TomlReader root(file, "", errors);
  root.integer("port", 1, 65535);
  root.not_yet({"files"});
  root.finish();
  ASSERT_EQ(errors.problems().size(), 3u);
  const TomlProblem& range = errors.problems()[0];
  EXPECT_EQ(range.place.text(), "berth.toml:2:8");
  EXPECT_EQ(range.text, "port must be an integer from 1 to 65535, found 99999");
  EXPECT_EQ(range.expected, "an integer from 1 to 65535");
  EXPECT_EQ(range.nearest, "");
  const TomlProblem& unknown = errors.problems()[2];
  EXPECT_EQ(unknown.text, "unknown key 'prot'");
  EXPECT_EQ(unknown.expected, "one of port");
  EXPECT_EQ(unknown.nearest, "port");
  TomlProblem syntax;
  EXPECT_FALSE(TomlValue::parse("a = 1\nb =", "more.toml", syntax));
  EXPECT_EQ(*syntax.place.file, "more.toml");
  EXPECT_EQ(syntax.place.line, 2u);
}

TEST(TomlReader, shows_a_bounded_number_of_errors) {
  std::string text;
  for (int i = 0; i < 80; i++) text += "key" + std::to_string(i) + " = 1\n";
  TomlValue file = parsed(text);
  TomlErrors errors;
  TomlReader(file, "", errors).finish();
  EXPECT_EQ(errors.count(), 80u);
  EXPECT_THAT(std::string(errors.result().error().message()), HasSubstr("... and 30 more"));
}

}  // namespace
}  // namespace berth
