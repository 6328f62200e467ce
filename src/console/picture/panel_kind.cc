#include "console/picture/panel_kind.h"

#include <algorithm>
#include <array>

namespace berth::picture {
namespace {

constexpr std::array<std::string_view, 7> kinds = {"lines",  "stacked", "heatmap", "top",
                                                   "number", "table",   "status"};

}  // namespace

std::string_view panel_kind_text(PanelKind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::optional<PanelKind> panel_kind(std::string_view text) {
  auto found = std::ranges::find(kinds, text);
  if (found == kinds.end()) return std::nullopt;
  return static_cast<PanelKind>(found - kinds.begin());
}

std::string_view panel_kinds_text() {
  return "lines, stacked, heatmap, top, number, table, status";
}

}  // namespace berth::picture
