// TCP echo on libuv, one thread:  echo_libuv PORT
#include <uv.h>

#include <cstdlib>

namespace {

struct Connection {
  uv_tcp_t socket;
  uv_write_t write;
  char buffer[16384];
};

void close(Connection* connection) {
  uv_close(reinterpret_cast<uv_handle_t*>(&connection->socket),
           [](uv_handle_t* handle) { delete static_cast<Connection*>(handle->data); });
}

void give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(handle->data);
  *buffer = uv_buf_init(connection->buffer, sizeof connection->buffer);
}

void received(uv_stream_t* stream, ssize_t size, const uv_buf_t* buffer) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (size < 0) return close(connection);
  // What can be written at once is; the rest waits, and with it the next read.
  uv_buf_t part = uv_buf_init(buffer->base, static_cast<unsigned>(size));
  int written = uv_try_write(stream, &part, 1);
  if (written == size) return;
  if (written < 0 && written != UV_EAGAIN) return close(connection);
  if (written > 0)
    part = uv_buf_init(part.base + written, part.len - static_cast<unsigned>(written));
  uv_read_stop(stream);
  connection->write.data = connection;
  uv_write(&connection->write, stream, &part, 1, [](uv_write_t* request, int error) {
    auto* written_to = static_cast<Connection*>(request->data);
    if (error != 0) return close(written_to);
    uv_read_start(reinterpret_cast<uv_stream_t*>(&written_to->socket), give_buffer, received);
  });
}

void accepted(uv_stream_t* listener, int error) {
  if (error != 0) return;
  auto* connection = new Connection;
  uv_tcp_init(uv_default_loop(), &connection->socket);
  connection->socket.data = connection;
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
  if (uv_accept(listener, stream) != 0) return close(connection);
  uv_tcp_nodelay(&connection->socket, 1);
  uv_read_start(stream, give_buffer, received);
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  uv_tcp_t listener;
  uv_tcp_init(uv_default_loop(), &listener);
  sockaddr_in at;
  uv_ip4_addr("127.0.0.1", std::atoi(words[1]), &at);
  uv_tcp_bind(&listener, reinterpret_cast<sockaddr*>(&at), 0);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 1024, accepted) != 0) return 1;
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}
