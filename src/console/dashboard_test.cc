#include "console/dashboard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "console/dashboards.h"

namespace berth::console {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> problems(std::string_view text) {
  TomlErrors errors;
  std::ignore = read_dashboard(text, "d.toml", errors);
  return errors.lines();
}
Dashboard read(std::string_view text) {
  TomlErrors errors;
  Dashboard dashboard = read_dashboard(text, "d.toml", errors);
  EXPECT_THAT(errors.lines(), ElementsAre());
  return dashboard;
}

constexpr std::string_view one_panel = R"(title = "Shop"
range = "1h"
[[variable]]
name = "service"
value = "users"
[[panel]]
title = "Latency"
kind = "stacked"
unit = "s"
column = 3
row = 2
columns = 9
rows = 5
warn = 0.1
bad = 0.5
logarithmic = true
limit = 7
[[panel.query]]
expr = 'sum(rate(x{service=~"$service"}[1m]))'
legend = "{{service}}"
)";

TEST(Dashboard, every_key_is_read_and_written_as_json) {
  std::string json;
  JsonWriter out(json);
  write_dashboard(out, read(one_panel));
  EXPECT_EQ(json, R"({"title":"Shop","range":3600,)"
                  R"("variables":[{"name":"service","label":"service","value":"users"}],)"
                  R"("panels":[{"title":"Latency","kind":"stacked","unit":"s","column":3,"row":2,)"
                  R"("columns":9,"rows":5,"warn":0.1,"bad":0.5,"logarithmic":true,"limit":7,)"
                  R"~("queries":[{"expr":"sum(rate(x{service=~\"$service\"}[1m]))",)~"
                  R"("legend":"{{service}}"}]}]})");
}

TEST(Dashboard, what_is_wrong_has_its_line_and_column) {
  EXPECT_THAT(problems("title = 3\n"), ElementsAre(HasSubstr("d.toml:1:9: title must be")));
  EXPECT_THAT(problems("title = \"a\"\ntilte = 1\n"),
              ElementsAre(HasSubstr("d.toml:2:1: unknown key 'tilte'")));
  EXPECT_THAT(problems("title = \"a\"\nrange = \"1s\"\n"),
              ElementsAre("d.toml:2:9: range must be from 1m to 400d"));
  EXPECT_THAT(problems("title = \"a\"\n[[panel]]\ntitle = \"b\"\nkind = \"line\"\n"
                       "[[panel.query]]\nexpr = \"1\"\n"),
              ElementsAre("d.toml:4:8: panel[0].kind must be one of lines, stacked, heatmap, top, "
                          "number, table, status, found 'line'; did you mean 'lines'?"));
  EXPECT_THAT(problems("title = \"a\"\n[[panel]]\ntitle = \"b\"\n"),
              ElementsAre(HasSubstr("panel[0].query is missing")));
  EXPECT_THAT(problems("title = "), ElementsAre(HasSubstr("d.toml:1:")));
}

TEST(Dashboard, an_expression_is_held_against_the_grammar_and_its_type) {
  auto with = [](std::string expr) {
    return problems("title = \"a\"\n[[panel]]\ntitle = \"b\"\n[[panel.query]]\nexpr = '" + expr +
                    "'\n");
  };
  EXPECT_THAT(with("sum(rate(x[1m]))"), ElementsAre());
  EXPECT_THAT(with("sum(rate(x[$__rate_interval]))"), ElementsAre());
  EXPECT_THAT(with("sum(rate(x[1m])"),
              ElementsAre(HasSubstr("d.toml:5:8: panel[0].query[0].expr is no expression: 1:")));
  EXPECT_THAT(with("x[1m]"), ElementsAre(HasSubstr("must give an instant vector or a scalar")));
}

TEST(Dashboard, panels_without_a_place_flow_and_others_may_not_overlap) {
  auto panel = [](std::string name, std::string more) {
    return "[[panel]]\ntitle = \"" + name + "\"\n" + more + "[[panel.query]]\nexpr = \"1\"\n";
  };
  std::string title = "title = \"a\"\n";
  auto places = [&](const std::string& panels) {
    std::vector<std::string> all;
    for (auto& each : read(title + panels).panels) {
      all.push_back(std::to_string(each.place.column) + " " + std::to_string(each.place.row));
    }
    return all;
  };
  EXPECT_THAT(places(panel("a", "") + panel("b", "") + panel("c", "columns = 12\n") +
                     panel("d", "columns = 4\n")),
              ElementsAre("0 0", "6 0", "0 4", "0 8"));
  EXPECT_THAT(places(panel("a", "row = 4\ncolumn = 0\n") + panel("b", "") + panel("c", "")),
              ElementsAre("0 4", "0 0", "6 0"));
  EXPECT_THAT(problems(title + panel("a", "row = 0\n") + panel("b", "row = 3\ncolumn = 5\n")),
              ElementsAre(HasSubstr("row puts the panel over 'a'; move one of them")));
  EXPECT_THAT(problems(title + panel("a", "column = 8\n")),
              ElementsAre(HasSubstr("reach beyond the 12 columns that there are")));
}

TEST(Dashboard, limits_are_told) {
  std::string many = "title = \"a\"\n";
  for (int i = 0; i < 101; ++i) {
    many += "[[panel]]\ntitle = \"p\"\nrows = 1\n[[panel.query]]\nexpr = \"1\"\n";
  }
  EXPECT_THAT(problems(many),
              ElementsAre(HasSubstr("panel may stand there at most 100 times, found 101")));
  std::string queries = "title = \"a\"\n[[panel]]\ntitle = \"p\"\n";
  for (int i = 0; i < 11; ++i) queries += "[[panel.query]]\nexpr = \"1\"\n";
  EXPECT_THAT(problems(queries), ElementsAre(HasSubstr("query may stand there at most 10 times")));
}

TEST(Dashboard, a_rate_looks_back_as_far_as_its_points_are_apart_and_a_minute_at_least) {
  EXPECT_EQ(with_rate_interval("rate(x[$__rate_interval])", 1s), "rate(x[60s])");
  EXPECT_EQ(with_rate_interval("rate(x[$__rate_interval]) / rate(y[$__rate_interval])", 15min),
            "rate(x[900s]) / rate(y[900s])");
  EXPECT_EQ(with_rate_interval("rate(x[5m])", 15min), "rate(x[5m])");
}

TEST(Dashboard, a_variable_is_filled_in_as_what_matches_it_alone) {
  auto filled = [](std::string_view expr, std::string value) {
    return filled_in(expr, {{"service", "service", std::move(value)}});
  };
  EXPECT_EQ(filled("x{a=~\"$service\"}", "*"), "x{a=~\".*\"}");
  EXPECT_EQ(filled("x{a=~\"${service}x\"}", "users"), "x{a=~\"usersx\"}");
  EXPECT_EQ(filled("x{a=~\"$service\"}", "a.b\"c\\"), R"(x{a=~"a\\.b\"c\\\\"})");
  EXPECT_EQ(filled("x{a=~\"$other\"}", "users"), "x{a=~\"$other\"}");
  EXPECT_EQ(filled("x{a=~\"users$\"}", "users"), "x{a=~\"users$\"}");
}

TEST(Dashboard, a_legend_takes_labels) {
  std::vector<std::pair<std::string, std::string>> labels = {
      {"__name__", "x"}, {"service", "users"}, {"path", "/a"}};
  EXPECT_EQ(legend_text("{{service}}: {{ path }} {{none}}!", labels, "x"), "users: /a !");
  EXPECT_EQ(legend_text("", labels, "x"), "users /a");
  EXPECT_EQ(legend_text("", {}, "up"), "up");
  EXPECT_EQ(legend_text("open {{service", labels, ""), "open {{service");
}

TEST(Dashboard, those_built_in_have_no_fault_and_begin_with_the_median) {
  ASSERT_EQ(built_in_dashboards().size(), 2u);
  for (auto& file : built_in_dashboards()) {
    Dashboard dashboard = read(file.text);
    ASSERT_GE(dashboard.panels.size(), 8u) << file.name;
    EXPECT_THAT(dashboard.panels[0].queries[0].expr, HasSubstr("histogram_quantile(0.5"))
        << file.name;
    EXPECT_EQ(dashboard.panels[0].place.row, 0);
  }
}

TEST(Dashboard, names_are_names_of_files) {
  for (auto* good : {"system", "a", "9", "shop-2.eu_x"}) EXPECT_TRUE(is_dashboard_name(good));
  for (auto* bad : {"", ".", "..", ".a", "A", "a/b", "-a", "a b", "\xc3\xa4"}) {
    EXPECT_FALSE(is_dashboard_name(bad)) << bad;
  }
  EXPECT_FALSE(is_dashboard_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace berth::console
