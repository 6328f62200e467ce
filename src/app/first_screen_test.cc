#include "app/first_screen.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "app/tables.h"
#include "base/strings.h"

namespace berth::app {
namespace {

namespace fs = std::filesystem;
const fs::path golden = fs::path(BERTH_SOURCE) / "tests/golden/first_screen";

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Json state_of(const std::string& name) {
  auto json = Json::parse(content_of(golden / (name + ".json")));
  return json.ok() ? *json : Json();
}

std::string screen(const Json& state, std::size_t columns, std::size_t rows, bool colour = false) {
  FirstScreenOptions options;
  options.rows = rows;
  if (rows > 0) {
    options.keys = "l logs · i inspect · o open · r restart · ? help · Ctrl-C stop";
    options.before = "cd shop";
  }
  return joined(first_screen(state, Style{colour, columns}, options));
}

/// Each state in tests/golden/first_screen gives the screens beside it. To write them anew:
/// BERTH_UPDATE_GOLDEN=1.
TEST(FirstScreen, states_are_shown_as_in_the_golden_files) {
  struct Size {
    std::string name;
    std::size_t columns, rows;
  };
  int compared = 0;
  for (auto& entry : fs::directory_iterator(golden)) {
    if (entry.path().extension() != ".json") continue;
    std::string name = entry.path().stem();
    for (auto& size : {Size{"pipe", 100, 0}, Size{"80x24", 80, 24}, Size{"60x14", 60, 14}}) {
      std::string found = screen(state_of(name), size.columns, size.rows);
      fs::path expected = golden / (name + "." + size.name + ".txt");
      if (std::getenv("BERTH_UPDATE_GOLDEN")) std::ofstream(expected) << found;
      EXPECT_EQ(found, content_of(expected)) << expected;
      ++compared;
    }
  }
  EXPECT_EQ(compared, 15);
}

TEST(FirstScreen, never_is_larger_than_the_terminal) {
  for (auto* name : {"nine_healthy", "trouble", "many", "starting", "empty"}) {
    Json state = state_of(name);
    for (std::size_t rows = 3; rows < 40; ++rows) {
      for (std::size_t columns : {20, 40, 80, 120}) {
        std::string shown = screen(state, columns, rows, true);
        auto lines = split(shown, '\n');
        lines.pop_back();
        EXPECT_LE(lines.size(), rows) << name;
        for (auto line : lines) EXPECT_LE(shown_width(line), columns) << line;
        EXPECT_NE(lines.back().find("logs"), std::string_view::npos)
            << name << " at " << columns << " by " << rows << " shows no keys";
      }
    }
  }
}

TEST(FirstScreen, nine_services_with_all_there_is_to_try_fit_into_80_by_24) {
  std::string shown = screen(state_of("nine_healthy"), 80, 24);
  for (auto* text : {"all 9 healthy in 1.4 s", "mail", "web", "berth call", "berth metrics",
                     "Ctrl-C stop", "http://127.0.0.1:7400/"}) {
    EXPECT_NE(shown.find(text), std::string::npos) << text;
  }
}

TEST(FirstScreen, a_pipe_gets_no_escape) {
  EXPECT_EQ(screen(state_of("trouble"), 100, 0).find('\033'), std::string::npos);
  EXPECT_NE(screen(state_of("trouble"), 100, 0, true).find('\033'), std::string::npos);
}

TEST(FirstScreen, what_is_not_known_is_a_dash_and_never_0) {
  auto lines = services_table(state_of("starting")["services"], Style{});
  EXPECT_NE(lines[1].find("-       -       -"), std::string::npos) << lines[1];
}

TEST(FirstScreen, what_services_say_cannot_command_the_terminal) {
  Json state = state_of("trouble");
  Json service = state["services"].items()[4];
  service.set("why", "\033]0;title\a\033[2Jgone\x07");
  state.set("services", Json::array().add(service));
  std::string shown = screen(state, 80, 24);
  EXPECT_EQ(shown.find('\033'), std::string::npos);
  EXPECT_NE(shown.find("gone"), std::string::npos);
}

}  // namespace
}  // namespace berth::app
