#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "async/world.h"
#include "base/log.h"
#include "http/router.h"
#include "http/server.h"
#include "observe/event.h"
#include "observe/streams/riemann_server.h"
#include "observe/streams/riemann_web.h"
#include "observe/streams/streams_file.h"

namespace berth::observe {

/// Streams by a file: Riemann's servers in front, the file's streams behind, and every event to
/// `note`, which makes series of them. Without a file each event is indexed. The file and its
/// scripts are looked at every two seconds; what changed is taken over at once, what is wrong is
/// logged and leaves what runs in place. Belongs to one reactor.
class LocalStreams {
 public:
  static constexpr std::size_t file_bytes_max = 1 << 20;
  static constexpr Duration look_every = 2s;

  using Note = std::function<void(const Event&)>;

  /// `file` need not be there, and may be empty: none.
  LocalStreams(World& world, Log log, const Note& note, std::string file);

  void serve(std::unique_ptr<Listener> events, std::unique_ptr<DatagramSocket> datagrams);
  void serve_web(std::unique_ptr<Listener> websocket, std::unique_ptr<Listener> event_stream);
  /// Another file, from the next look on.
  void set_file(std::string file);
  /// Reads the file and begins to look at it. A wrong one is no error: it is logged.
  Deferred<void> start();
  Deferred<void> close();

  streams::StreamCore& core() { return core_; }

 private:
  Deferred<void> follow_file();
  Deferred<void> look();
  Result<void> take(const std::string& text, const std::vector<std::string>& scripts);

  World& world_;
  Log log_;
  std::string file_;
  std::string text_;                  // of the file when it was last looked at
  std::vector<std::string> scripts_;  // that it names
  std::string taken_;                 // the texts of all of them
  streams::StreamCore core_;
  streams::RiemannServer riemann_;
  streams::RiemannWeb web_;
  http::Router websocket_routes_;
  http::Router event_stream_routes_;
  http::Server websocket_;
  http::Server event_stream_;
  Scope scope_;
};

/// A page of another site may neither read events nor give any: Riemann knows no token.
Deferred<http::ServerResponse> for_programs(const http::Router& router,
                                            http::ServerRequest& request);

}  // namespace berth::observe
