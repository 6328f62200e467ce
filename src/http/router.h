#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/server.h"

namespace berth::http {

/// Finds the handler for a method and a path. Patterns are paths whose segments may be parameters:
/// "/v1/services/:name/logs"; an exact segment goes before a parameter. An unknown path is answered
/// 404, a known one with another method 405 with Allow. HEAD is answered as GET. Built once, then
/// only read.
class Router {
 public:
  static constexpr std::size_t segments_max = 32;  // of a pattern; there is nothing at longer paths

  void add(std::string_view method, std::string_view pattern, Server::Handler handler);
  Deferred<ServerResponse> route(ServerRequest& request) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    Server::Handler handler;
  };
  std::vector<Route> routes_;
};

}  // namespace berth::http
