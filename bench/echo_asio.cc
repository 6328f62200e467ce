// TCP echo on Boost.Asio with coroutines, one thread:  echo_asio PORT
#include <boost/asio.hpp>
#include <cstdlib>

namespace asio = boost::asio;
using asio::ip::tcp;

asio::awaitable<void> echo(tcp::socket socket) {
  char buffer[16384];
  auto errors_as_values = asio::as_tuple(asio::use_awaitable);
  for (;;) {
    auto [error, size] = co_await socket.async_read_some(asio::buffer(buffer), errors_as_values);
    if (error) co_return;
    auto [failed, written] =
        co_await asio::async_write(socket, asio::buffer(buffer, size), errors_as_values);
    if (failed) co_return;
  }
}

asio::awaitable<void> listen(unsigned short port) {
  auto executor = co_await asio::this_coro::executor;
  tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), port});
  for (;;) {
    tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    asio::co_spawn(executor, echo(std::move(socket)), asio::detached);
  }
}

int main(int count, char** words) {
  if (count != 2) return 2;
  asio::io_context context(1);
  asio::co_spawn(context, listen(static_cast<unsigned short>(std::atoi(words[1]))), asio::detached);
  context.run();
}
