// Logs in, is led to a page of its own by a redirect and a cookie, and sends a file there:
// web_session http://127.0.0.1:8000 FILE

#include <fmt/format.h>

#include "http/session.h"
#include "os/react.h"

using namespace berth;

Deferred<void> run(World& world, std::string site, std::string file) {
  http::Session session(world);
  http::RequestOptions login;
  login.content = http::Content::form({{"name", "ada"}, {"password", "secret"}});
  http::Response page = co_await session.post(site + "/login", login);
  Json me = co_await page.json();
  fmt::print("at {}: {}\n", page.url(), me["greeting"].string_or("?"));

  http::RequestOptions upload;
  upload.content = http::Content::multipart(
      {http::Part::field("kind", "note"), http::Part::file(world.disk, "file", file)},
      world.random);
  http::Response stored = co_await session.post(site + "/files", upload);
  Json told = co_await stored.json();
  fmt::print("sent {}: {} bytes\n", told["name"].string_or("?"), *told["size"].integer());
}

int main(int count, char** words) {
  if (count != 3) return fmt::print(stderr, "usage: web_session SITE FILE\n"), 2;
  return os::react([&](World& world) { return run(world, words[1], words[2]); });
}
