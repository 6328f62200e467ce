#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/json.h"
#include "console/dashboard.h"

// A text is a dashboard or is told what is wrong with it; a dashboard is valid JSON, its panels do
// not overlap and stand on the grid, and legends end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using console::Dashboard;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  TomlErrors errors;
  Dashboard dashboard = console::read_dashboard(text, "fuzz.toml", errors);
  console::legend_text(text, {{"service", "users"}}, "x");
  console::filled_in(text, {{"service", "service", "a.b\"\\"}});
  if (errors.any()) {
    for (auto& problem : errors.problems()) check(problem.place.line > 0, "a problem's line");
    return 0;
  }
  std::string json;
  JsonWriter out(json);
  console::write_dashboard(out, dashboard);
  check(Json::parse(json).ok(), "a dashboard that is no JSON");
  check(dashboard.panels.size() <= Dashboard::panels_max, "too many panels");
  for (auto& panel : dashboard.panels) {
    auto& place = panel.place;
    bool inside = place.column >= 0 && place.columns > 0 &&
                  place.column + place.columns <= Dashboard::grid_columns;
    check(inside, "a panel beside the grid");
    for (auto& other : dashboard.panels) {
      check(&other == &panel || !other.place.overlaps(place), "panels that overlap");
    }
  }
  return 0;
}
