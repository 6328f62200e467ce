// A million requests of many kinds to one server, good and bad ones, by 64 clients in one thread:
//   http_soak [REQUESTS] [SECONDS_MAX]
// Each answer is checked. Memory must stay what it was once a fifth was done, but for 1 MiB; at the
// end no connection and no descriptor may be left.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "async/gather.h"
#include "http/client.h"
#include "http/compression.h"
#include "http/middleware.h"
#include "http/router.h"
#include "http/server.h"
#include "http/static_files.h"
#include "os/react.h"

using namespace berth;

namespace {

constexpr std::size_t growth_bytes_max = 1 << 20;
constexpr int clients_count = 64;

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0;
  std::size_t resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

/// A text in parts, of a length that is not told.
struct Parts final : http::BodySource {
  explicit Parts(int count) : left(count) {}
  Deferred<Bytes> read() override {
    if (left-- == 0) return ready(Bytes());
    return ready(Bytes::copy(std::string(1000, 'p')));
  }
  int left;
};

struct Soak {
  World& world;
  Address address;
  std::size_t wanted;
  MonotonicTime end;
  http::Client client{world.clock, world.network};
  std::size_t done = 0;
  std::size_t wrong = 0;
  std::size_t baseline = 0;

  bool over() const { return done >= wanted || world.clock.now() >= end; }
  void expect(bool holds, std::string_view what) {
    if (holds) return;
    if (++wrong <= 10) fmt::print(stderr, "wrong: {}\n", what);
  }

  Deferred<void> ask(std::string method, std::string target, http::Body body, int status,
                     std::size_t bytes, std::vector<std::pair<std::string, std::string>> headers) {
    http::Request request{std::move(method), target, "", std::move(headers), std::move(body)};
    auto response = co_await client.send(address, std::move(request)).result();
    if (!response.ok()) {
      expect(false, response.error().text());
      co_return;
    }
    expect(response->status() == status, fmt::format("{}: {}", target, response->status()));
    auto text = co_await response->text().result();
    expect(text.ok() && (bytes == 0 || text->size() == bytes), target);
  }
  /// Bytes as they are, on a connection of their own; what comes back begins with `answer`.
  Deferred<void> say(std::string text, std::string_view answer) {
    auto stream = co_await world.network.connect(address).result();
    if (!stream.ok()) {
      expect(false, stream.error().text());
      co_return;
    }
    std::ignore = co_await (*stream)->write(Bytes::copy(text)).result();
    if (answer.empty()) {
      (*stream)->abort();
      co_return;
    }
    auto part = co_await (*stream)->read().result();
    expect(part.ok() && part->view().starts_with(answer), text.substr(0, 20));
  }
  Deferred<void> one(std::uint64_t kind) {
    switch (kind) {
      case 0:
        return ask("POST", "/echo", std::string(5000, 'e'), 200, 5000, {});
      case 1:
        return ask("POST", "/echo", http::Body(std::make_unique<Parts>(20)), 200, 20'000, {});
      case 2:
        return ask("GET", "/parts", {}, 200, 0, {{"accept-encoding", "gzip"}});
      case 3:
        return ask("GET", "/parts", {}, 200, 0, {{"accept-encoding", "zstd"}});
      case 4:
        return ask("GET", "/file/big", {}, 206, 100'000, {{"range", "bytes=1000-100999"}});
      case 5:
        return ask("GET", "/none", {}, 404, 0, {});
      case 6:
        return ask("POST", "/json", "{\"a\":", 400, 0, {{"content-type", "application/json"}});
      case 7:
        return say("nonsense\r\n\r\n", "HTTP/1.1 400 ");
      case 8:
        return say("GET /parts HTTP/1.1\r\nHost: a\r\n\r\n", "");
      case 9:
        return say("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nha", "");
      default:
        return ask("GET", "/small", {}, 200, 5, {});
    }
  }
  Deferred<void> work() {
    while (!over()) {
      co_await one(world.random.below(40));
      if (++done == wanted / 5) baseline = resident_bytes();
      if (done % (wanted / 10) == 0) {
        fmt::print("{} requests, {} KiB resident\n", done, resident_bytes() / 1024);
        std::fflush(stdout);
      }
    }
  }
};

void add_routes(http::Router& router, http::StaticFiles& files) {
  router.add("GET", "/small",
             [](http::ServerRequest&) { return ready(http::ServerResponse::text("hello")); });
  router.add("POST", "/echo", [](http::ServerRequest& request) {
    return Deferred<http::ServerResponse>(request.body().then(
        [](std::string text) { return http::ServerResponse::text(std::move(text)); }));
  });
  router.add("POST", "/json", [](http::ServerRequest& request) {
    return Deferred<http::ServerResponse>(
        request.json().then([](Json json) { return http::ServerResponse::json_value(json); }));
  });
  router.add("GET", "/parts", [](http::ServerRequest&) {
    return ready(http::ServerResponse{
        200, {{"content-type", "text/plain"}}, http::Body(std::make_unique<Parts>(30))});
  });
  router.add("GET", "/file/:name", [&](http::ServerRequest& request) {
    return files.answer(request, "/" + std::string(request.parameter("name")));
  });
}

Deferred<int> soak(World& world, std::size_t wanted, Duration limit, std::string folder) {
  std::size_t descriptors = open_descriptors();
  http::Router router;
  http::StaticFiles files(world.disk, folder);
  add_routes(router, files);
  http::Handler handler = [&](http::ServerRequest& request) { return router.route(request); };
  handler = http::with_request_id(http::compressed(handler), world.clock, world.random);
  http::Server server(world.clock, handler);
  auto listener = co_await or_return(world.network.listen(Address::loopback(0)));
  std::size_t resident = 0;
  bool whole = false;
  {
    Soak all{world, listener->address(), wanted, world.clock.now() + limit};
    server.serve(std::move(listener));
    std::vector<Deferred<void>> clients;
    for (int i = 0; i < clients_count; ++i) clients.push_back(all.work());
    co_await gather_results(std::move(clients));
    resident = resident_bytes();
    whole = all.wrong == 0 && all.baseline > 0 && resident < all.baseline + growth_bytes_max;
    fmt::print("{} requests, {} wrong, {} KiB resident after a fifth, {} KiB at the end\n",
               all.done, all.wrong, all.baseline / 1024, resident / 1024);
  }
  co_await server.close();
  co_await world.clock.after(100ms);
  bool tidy = server.connections() == 0 && open_descriptors() == descriptors;
  if (!tidy) fmt::print("{} descriptors are left\n", open_descriptors() - descriptors);
  co_return whole&& tidy ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
  std::size_t wanted = count > 1 ? std::strtoul(words[1], nullptr, 10) : 1'000'000;
  Duration limit = std::chrono::seconds(count > 2 ? std::atoi(words[2]) : 600);
  std::string folder = std::filesystem::temp_directory_path() / "berth_http_soak";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/big") << std::string(1 << 20, 'b');
  int code = os::react([&](World& world) { return soak(world, wanted, limit, folder); });
  std::filesystem::remove_all(folder);
  return code;
}
