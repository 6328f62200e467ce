// Berth's HTTP client as a program would use it, one thread: small GETs over its pool.
//   http_client h1|h2 URL IN_FLIGHT REQUESTS
// h1: by HTTP/1.1, a connection for each that is in flight; h2: by HTTP/2 with prior knowledge, a
// stream of one connection for each. Prints the bytes of content that came.
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "async/gather.h"
#include "http/client.h"
#include "os/react.h"

using namespace berth;

namespace {

struct Load {
  http::Client client;
  http::Url url;
  std::size_t left;
  std::size_t bytes = 0;
};

Deferred<void> ask_often(Load& load) {
  while (load.left > 0) {
    --load.left;
    http::Response response = co_await load.client.send(load.url, http::Request());
    if (!response.good()) {
      co_await fail_with(Error(Code::invalid, "status " + std::to_string(response.status())));
    }
    std::string text = co_await response.text();
    load.bytes += text.size();
  }
}

Deferred<void> run(World& world, std::vector<std::string> words) {
  http::ClientOptions options;
  options.version = words[0] == "h2" ? http::Version::http_2 : http::Version::http_1_1;
  std::size_t in_flight = std::stoul(words[2]);
  options.idle_per_address_max = in_flight;
  http::Url url = co_await or_return(http::parse_url(words[1]));
  Load load{{world.clock, world.network, options}, url, std::stoul(words[3])};
  std::vector<Deferred<void>> all;
  for (std::size_t i = 0; i < in_flight; ++i) all.push_back(ask_often(load));
  co_await gather_results(std::move(all));
  fmt::print("{}\n", load.bytes);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  return os::react([&](World& world) { return run(world, {words + 1, words + count}); });
}
