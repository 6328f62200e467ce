#include "proxy/gateway/route_table.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/prefetch.h"
#include "base/strings.h"

namespace berth::proxy::gateway {
namespace {

constexpr std::string_view parameter_segment = "{";  // no literal can be it
constexpr std::size_t host_bytes_max = 253;          // RFC 1035 section 2.3.4, as text

/// What all texts that the expression matches begin with, up to its last '/': where it hangs in the
/// tree. By the least and greatest text that it matches.
std::string common_beginning(const re2::RE2& expression) {
  std::string least;
  std::string greatest;
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  re2::RE2 anchored("^(?:" + expression.pattern() + ")$", options);
  if (!anchored.ok() || !anchored.PossibleMatchRange(&least, &greatest, 256)) return "";
  std::size_t same = 0;
  while (same < least.size() && same < greatest.size() && least[same] == greatest[same]) ++same;
  std::size_t slash = least.substr(0, same).rfind('/');
  return slash == std::string::npos ? "" : least.substr(0, slash);
}

/// Where the route hangs: the segments of its path.
std::vector<std::string> place_of(const Route& route) {
  bool literal = route.path_kind == Route::PathKind::expression;
  std::string path = literal ? common_beginning(*route.expression) : route.path;
  std::vector<std::string> segments;
  for (std::string_view segment : split(path, '/')) {
    if (segment.empty()) continue;
    bool parameter = !literal && segment.starts_with('{');
    segments.emplace_back(parameter ? parameter_segment : segment);
  }
  return segments;
}

bool conditions_hold(const Route& route, const Asked& asked) {
  auto among = [](const std::vector<std::string>& list, std::string_view one) {
    return list.empty() || std::ranges::find(list, one) != list.end();
  };
  if (!among(route.methods, asked.method) || !among(route.listeners, asked.listener)) return false;
  if (!route.headers.empty() && !(asked.headers && hold(route.headers, *asked.headers))) {
    return false;
  }
  return hold(route.query, asked.query);
}

}  // namespace

/// The tree while it grows.
struct RouteTable::Building {
  struct Place {
    std::vector<Entry> entries[3];  // by kind: exact, expression, prefix
    std::string segment;            // of the last literal child
    Index child = none;
  };
  RouteTable& table;
  std::vector<Place> places{};

  Index add_node() {
    table.nodes_.emplace_back();
    places.emplace_back();
    return static_cast<Index>(table.nodes_.size() - 1);
  }
  Index root(std::string_view key) {
    Index found = table.hosts_.find(0, key);
    if (found != WordTable::none) return found;
    Index made = add_node();
    table.hosts_.add(0, key, made);
    return made;
  }
  Index child(Index node, std::string_view segment) {
    if (segment == parameter_segment) {
      if (table.nodes_[node].parameter == none) {
        Index made = add_node();
        table.nodes_[node].parameter = made;
      }
      return table.nodes_[node].parameter;
    }
    Index found = table.edges_.find(node, segment);
    if (found != WordTable::none) return found;
    Index made = add_node();
    table.edges_.add(node, segment, made);
    ++table.nodes_[node].children;
    places[node].segment = segment;
    places[node].child = made;
    return made;
  }
  void add(Index index, std::string_view host_key) {
    const Route& route = table.routes_[index];
    Index node = root(host_key);
    for (auto& segment : place_of(route)) node = child(node, segment);
    int kind = route.path_kind == Route::PathKind::exact        ? 0
               : route.path_kind == Route::PathKind::expression ? 1
                                                                : 2;
    Entry entry{index, route.path.size() > 1 && route.path.back() == '/', route.conditions() > 0,
                static_cast<std::uint8_t>(table.parameters_[index].size())};
    places[node].entries[kind].push_back(entry);
  }
  /// Writes the entries of all nodes one behind the other, the best first.
  void finish() {
    for (std::size_t i = 0; i < places.size(); ++i) {
      Node& node = table.nodes_[i];
      Index* ends[] = {&node.expressions, &node.prefixes, &node.end};
      node.begin = static_cast<Index>(table.entries_.size());
      for (int kind = 0; kind < 3; ++kind) {
        auto& list = places[i].entries[kind];
        std::ranges::stable_sort(list, std::greater(), [&](const Entry& entry) {
          return table.routes_[entry.route].conditions();
        });
        table.entries_.insert(table.entries_.end(), list.begin(), list.end());
        *ends[kind] = static_cast<Index>(table.entries_.size());
      }
    }
    for (std::size_t i = 0; i < places.size(); ++i) skip_from(static_cast<Index>(i));
  }
  bool only_leads_on(Index index) const {
    const Node& node = table.nodes_[index];
    return node.children == 1 && node.parameter == none && node.begin == node.end;
  }
  /// A node from which there is one way alone leads to the next one where there is a choice. The
  /// nodes between stay, unused.
  void skip_from(Index index) {
    std::string way;
    Index to = index;
    while (only_leads_on(to)) {
      way.append("/").append(places[to].segment);
      to = places[to].child;
    }
    if (way.empty()) return;
    skips.push_back({index, to, std::move(way)});
  }
  struct Skip {
    Index from;
    Index to;
    std::string way;
  };
  std::vector<Skip> skips{};
  void write_skips() {
    for (auto& skip : skips) {
      Node& node = table.nodes_[skip.from];
      node.skip_offset = static_cast<Index>(table.skips_.size());
      node.skip_length = static_cast<Index>(skip.way.size());
      node.parameter = skip.to;
      table.skips_ += skip.way;
    }
  }
};

/// One search.
struct RouteTable::Walk {
  const Asked& asked;
  Match& out;
  std::string_view segment_values[Route::parameters_max];
  std::size_t segment_count = 0;  // of parameters on the way to the node
  bool slash = false;             // the path ends in '/'
};

RouteTable::RouteTable() = default;

Result<RouteTable> RouteTable::compile(std::vector<Route> routes) {
  RouteTable table;
  table.routes_ = std::move(routes);
  Building building{table};
  for (std::size_t i = 0; i < table.routes_.size(); ++i) {
    Route& route = table.routes_[i];
    bool by_segments = route.path_kind != Route::PathKind::expression;
    if (by_segments && std::ranges::count(route.path, '/') > std::ptrdiff_t{segments_max}) {
      return Error(Code::invalid, route.name + ": its path has more than 64 segments");
    }
    auto parameters = by_segments ? parameters_of(route.path) : std::vector<std::string>();
    if (!parameters.ok()) {
      return Error(Code::invalid, route.name + ": its path " + parameters.error().text());
    }
    table.parameters_.push_back(std::move(*parameters));
    if (route.hosts.empty()) building.add(static_cast<Index>(i), "");
    for (auto& host : route.hosts) {
      std::string key = lower(host);
      if (key.starts_with("*.")) {
        key.erase(0, 1);
        auto labels = static_cast<std::size_t>(std::ranges::count(key, '.'));
        table.labels_max_ = std::max(table.labels_max_, labels);
      }
      building.add(static_cast<Index>(i), key);
    }
  }
  building.finish();
  building.write_skips();
  return table;
}

bool RouteTable::match(const Asked& asked, Match& out) const {
  Walk walk{asked, out};
  walk.slash = asked.path.size() > 1 && asked.path.back() == '/';
  std::string_view host = asked.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  if (!host.empty() && host.size() <= host_bytes_max) {
    char small[host_bytes_max];
    std::ranges::transform(host, small, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    host = std::string_view(small, host.size());
    if (match_at(host, walk)) return true;
    // "*.b.c" for "a.b.c": the longest ending that some route has, then shorter ones.
    std::size_t dots =
        labels_max_ == 0 ? 0 : static_cast<std::size_t>(std::ranges::count(host, '.'));
    for (std::size_t dot = host.find('.'); dots > 0; dot = host.find('.', dot + 1), --dots) {
      if (dots <= labels_max_ && dot > 0 && match_at(host.substr(dot), walk)) return true;
    }
  }
  return match_at("", walk);
}

bool RouteTable::match_at(std::string_view host_key, Walk& walk) const {
  Index root = hosts_.find(0, host_key);
  return root != WordTable::none && walk_node(root, 0, walk);
}

/// `at` is where the path goes on: at a '/', or its end. Its depth is that of the tree.
bool RouteTable::walk_node(Index index, std::size_t at, Walk& walk) const {
  const Node& node = nodes_[index];
  std::string_view path = walk.asked.path;
  if (node.skip_length > 0) {
    std::string_view way = std::string_view(skips_).substr(node.skip_offset, node.skip_length);
    std::size_t behind = at + way.size();
    bool leads_on =
        path.substr(at).starts_with(way) && (behind == path.size() || path[behind] == '/');
    return leads_on && walk_node(node.parameter, behind, walk);
  }
  if (at + 1 < path.size() && (node.children > 0 || node.parameter != none)) {
    std::size_t end = path.find('/', at + 1);
    if (end == path.npos) end = path.size();
    std::string_view segment = path.substr(at + 1, end - at - 1);
    Index child = node.children > 0 ? edges_.find(index, segment) : WordTable::none;
    if (child != WordTable::none && walk_node(child, end, walk)) return true;
    if (node.parameter != none && !segment.empty()) {
      walk.segment_values[walk.segment_count++] = segment;
      if (walk_node(node.parameter, end, walk)) return true;
      --walk.segment_count;
    }
  } else if (at + 1 >= path.size()) {
    for (Index i = node.begin; i < node.expressions; ++i) {
      if (entries_[i].slash == walk.slash && take(entries_[i], walk)) return true;
    }
  }
  for (Index i = node.expressions; i < node.prefixes; ++i) {
    auto& route = routes_[entries_[i].route];
    if (fits(*route.expression, path) && take(entries_[i], walk)) return true;
  }
  for (Index i = node.prefixes; i < node.end; ++i) {
    if (entries_[i].slash && at >= path.size()) continue;  // "/a/" is not a prefix of "/a"
    if (!take(entries_[i], walk)) continue;
    walk.out.rest = path.substr(std::min(at, path.size()));
    return true;
  }
  return false;
}

bool RouteTable::take(const Entry& entry, Walk& walk) const {
  const Route& route = routes_[entry.route];
  prefetch(&route);  // a request looks at most of it
  if (entry.conditional && !conditions_hold(route, walk.asked)) return false;
  walk.out.route = &route;
  std::size_t parameters = std::min<std::size_t>(entry.parameters, walk.segment_count);
  walk.out.parameters.clear();
  for (std::size_t i = 0; i < parameters; ++i) {
    walk.out.parameters.push_back({parameters_[entry.route][i], walk.segment_values[i]});
  }
  walk.out.rest = {};
  return true;
}

}  // namespace berth::proxy::gateway
