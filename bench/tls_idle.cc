// Memory that an idle TLS connection holds on the server's side, without the stream below it, in
// bytes:  tls_idle [CONNECTIONS]
#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>
#include <vector>

#include "tls/authority_suite.h"
#include "tls/context.h"
#include "tls/engine.h"
#include "tls/stream.h"

using namespace berth;
using Engines = std::vector<std::unique_ptr<tls::Engine>>;

void pass(tls::Engine& from, tls::Engine& to) {
  for (Bytes& part : from.take_output()) {
    to.feed(std::move(part));
    while (auto data = to.read(16384)) data->value();
  }
}

void shake_hands(tls::Engine& client, tls::Engine& server) {
  using Progress = tls::Engine::Progress;
  tls::Engine* sides[] = {&client, &server};
  for (bool done = false; !done;) {
    done = true;
    for (int i : {0, 1}) {
      if (sides[i]->handshake().value() != Progress::done) done = false;
      for (Bytes& part : sides[i]->take_output()) {
        sides[1 - i]->feed(std::move(part));
        std::ignore = sides[1 - i]->peek();  // goes on with the handshake, or takes in a ticket
      }
    }
  }
}

int main(int count, char** words) {
  std::size_t connections = count > 1 ? std::strtoul(words[1], nullptr, 10) : 2000;
  tls::Authority authority;
  tls::ServerOptions options;
  options.certificates = {authority.issue_for("DNS:a.example")};
  auto server = tls::ServerContext::make(std::move(options)).value();
  auto client = tls::ClientContext::make({.authorities = authority.pem()}).value();
  WallTime now{1'800'000'000'000'000'000};
  Engines servers;
  servers.reserve(connections + 100);
  std::size_t before = 0;
  for (std::size_t i = 0; i < connections + 100; ++i) {
    if (i == 100) before = mallinfo2().uordblks;  // what is made once is made
    auto there = client.engine("a.example", 443, now).value();
    auto here = server.engine({}, now);
    shake_hands(*there, *here);
    std::string data(40'000, 'x');
    for (auto [from, to] :
         {std::pair(there.get(), here.get()), std::pair(here.get(), there.get())}) {
      BytesList list(Bytes::copy(data));
      from->write(list, data.size()).value();
      pass(*from, *to);
    }
    servers.push_back(std::move(here));
  }
  std::size_t held = (mallinfo2().uordblks - before) / connections;
  fmt::print("{}\n", held + sizeof(tls::Stream));
}
