#include "runtime/shim_client.h"

namespace berth::runtime {
namespace {
constexpr std::size_t answer_bytes_max = 64 << 10;
}

Deferred<Json> ask_shim(Network& network, std::string socket_path, std::string command) {
  auto stream = co_await network.connect(Address::unix_path(socket_path));
  co_await stream->write(Bytes::copy(command + "\n"));
  std::string answer;
  while (!answer.ends_with('\n')) {
    Bytes part = co_await stream->read();
    if (part.empty()) {
      co_return Error(Code::reset, "the shim at " + socket_path + " ended without an answer");
    }
    answer += part.view();
    if (answer.size() > answer_bytes_max) {
      co_return Error(Code::overloaded, "the shim at " + socket_path + " answers too much");
    }
  }
  co_return co_await or_return(Json::parse(answer));
}

}  // namespace berth::runtime
