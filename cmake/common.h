#pragma once
// Precompiled: the standard headers that nearly every source includes. A source still includes
// what it uses: ./dev check looks for the standard names in each header, and compiles those that
// no source of their own includes first without this one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
