#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/frame_pool.h"
#include "http/message.h"
#include "proxy/gateway/route.h"
#include "proxy/gateway/word_table.h"

namespace berth::proxy::gateway {

/// What a route is looked for by.
struct Asked {
  std::string_view host;  // without a port
  std::string_view path;  // in its normal form, beginning with '/'
  std::string_view query;
  std::string_view method;
  std::string_view listener;
  const http::Headers* headers = nullptr;
};

/// The route that was found, and what its path stood for. Views point into the path.
struct Match {
  const Route* route = nullptr;
  std::vector<Values::Parameter, FrameAllocator<Values::Parameter>> parameters;
  std::string_view rest;  // behind a prefix: "" or from its '/'
};

/// All routes, compiled for looking up: hosts by hash, paths by a radix tree of segments whose
/// edges are hashed, so that the number of routes does not count; nothing is allocated, and a route
/// is looked at only where it asks for more than host and path. Immutable; any thread (Routes
/// themselves may be bound to one reactor).
///
/// The first of these that fits, with all its conditions, is taken:
///  1. host: the exact one, then "*.b.c" before "*.c", then routes for any host;
///  2. path: segment by segment a literal before a parameter, and what matches deeper before what
///     ends earlier; at one place exact paths, then expressions (whose place is the last '/' that
///     all they match share), then prefixes;
///  3. more conditions (method, listener, each header and query parameter) before fewer;
///  4. the one that stands first.
class RouteTable {
 public:
  static constexpr std::size_t segments_max = 64;  // of a route's path

  RouteTable();
  /// Errors: invalid, "ROUTE: ..."; a path that is none, too many segments.
  static Result<RouteTable> compile(std::vector<Route> routes);

  bool match(const Asked& asked, Match& out) const;
  const std::vector<Route>& routes() const { return routes_; }

 private:
  using Index = std::uint32_t;
  static constexpr Index none = ~Index{0};
  struct Entry {
    Index route;
    bool slash;               // of an exact path: it ends in '/'
    bool conditional;         // it asks for more than host and path
    std::uint8_t parameters;  // of its path
  };
  /// Half a cache line.
  struct Node {
    Index parameter = none;  // the child for any segment; of a node that skips: where to
    Index begin = 0;         // of its entries: exact, then expressions, then prefixes
    Index expressions = 0;
    Index prefixes = 0;
    Index end = 0;
    Index children = 0;     // by literal segments
    Index skip_offset = 0;  // the only way on from here, where nothing else is: "/api/v1"
    Index skip_length = 0;  // 0: it is no such node
  };
  struct Building;
  struct Walk;

  bool match_at(std::string_view host_key, Walk& walk) const;
  bool walk_node(Index node, std::size_t at, Walk& walk) const;
  bool take(const Entry& entry, Walk& walk) const;

  std::vector<Route> routes_;
  std::vector<std::vector<std::string>> parameters_;  // by route
  std::vector<Node> nodes_;
  std::vector<Entry> entries_;
  WordTable hosts_;  // 0 and "a.example" or ".example" to a root; "" is any host
  WordTable edges_;  // node and segment to node
  std::string skips_;
  std::size_t labels_max_ = 0;  // of wildcards, so that long hosts cost no more
};

}  // namespace berth::proxy::gateway
