#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::picture {

/// How a panel draws what its queries answer.
enum class PanelKind : std::uint8_t { lines, stacked, heatmap, top, number, table, status };

std::string_view panel_kind_text(PanelKind kind);
/// Nothing if there is none of that name.
std::optional<PanelKind> panel_kind(std::string_view text);
/// "lines, stacked, ...".
std::string_view panel_kinds_text();

}  // namespace berth::picture
