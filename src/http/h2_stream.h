#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/frame_pool.h"
#include "http/bell.h"
#include "http/body.h"

namespace berth::http {

class H2Session;

/// The content that goes both ways on one stream of HTTP/2. As a BodySource it is what the peer
/// sends: what is not read stays unacknowledged, and the peer stops at the stream's window. What is
/// sent is asked for part by part, as the peer's window takes it. Outlived by its session.
class H2Stream : public BodySource {
 public:
  /// `id` 0: it is set once it is known.
  H2Stream(H2Session& session, std::int32_t id) : session_(session), id_(id) {}
  H2Stream(const H2Stream&) = delete;
  ~H2Stream() override = default;

  std::int32_t id() const { return id_; }
  bool closed() const { return closed_; }
  bool remote_ended() const { return remote_ended_; }
  /// True while the peer's window keeps what is there to be sent.
  bool stalled() const { return !out_.empty(); }

  // The content that comes in.
  void take(Bytes part);
  void end_content();
  Deferred<Bytes> read() override;
  /// The next part, empty at the end, or why there is none; nothing: it is to be waited for.
  std::optional<Result<Bytes>> next_part();
  /// Resolves once something came, or ended: then next_part() tells.
  Deferred<void> comes() { return arrived_.wait(); }
  std::size_t unread() const { return unread_; }
  /// What was not read, in bytes: nobody will.
  std::size_t drop_unread();
  std::vector<std::pair<std::string, std::string>> trailers() override;

  // The content that goes out.
  /// All of the content, or its beginning.
  void give(Bytes part, bool last);
  /// Sends what `source` yields to its end.
  Deferred<void> send(BodySource& source);
  /// Resolves once the peer's window has taken what was given, or the stream is closed.
  virtual Deferred<void> taken();
  struct Sent {
    std::size_t bytes = 0;  // 0, and not the end: nothing is there now
    bool end = false;
  };
  Sent take_out(char* to, std::size_t bytes_max);

  // For a tunnel (http/h2_tunnel.h), whose halves end one by one.
  void become_tunnel() { tunnel_ = half_open_ = true; }
  bool tunnel() const { return tunnel_; }
  /// Its halves may still end one by one.
  bool half_open() const { return half_open_; }
  /// give() for what is to be sent at once.
  void offer(Bytes part);
  /// What was given is the last.
  void offer_end();
  /// As taken(), however long it takes.
  Deferred<void> accepted() { return closed_ || was_taken_ ? ready() : taken_.wait(); }
  /// Nobody reads any more: what the peer still sends is not wanted once our half has ended.
  void let_end();
  /// Resets it.
  void cut();
  /// Nothing is left of it but our end.
  bool finishes() const {
    return remote_ended_ && out_last_ && out_.empty() && trailers_out.empty();
  }

  std::vector<std::pair<std::string, std::string>> trailers_in;
  std::vector<std::pair<std::string, std::string>> trailers_out;

 protected:
  void set_id(std::int32_t id) { id_ = id; }
  /// Neither side sends any more; `why` ends a read within the content.
  void end_both_ways(std::optional<Error> why = {});
  const std::optional<Error>& failure() const { return failure_; }

  /// Resolves once something of the content has come, or its end.
  virtual Deferred<void> content_comes();
  /// What was given and not taken, in bytes.
  std::size_t waiting() const { return out_.size(); }

  Bell arrived_;  // something came: content, its end, or the stream's
  Bell taken_;    // what was given was taken

 private:
  Deferred<Bytes> read_later();
  Bytes take_unread();

  H2Session& session_;
  std::int32_t id_;
  bool closed_ = false;
  std::optional<Error> failure_;

  Bytes in_first_;                                // before those in `in_`
  std::vector<Bytes, FrameAllocator<Bytes>> in_;  // what came while that was not read
  std::size_t in_next_ = 0;                       // of in_
  std::string in_small_;                          // what came behind `in_` in small pieces
  std::size_t unread_ = 0;
  bool lost_ = false;  // something of it will never be read
  bool remote_ended_ = false;

  Bytes out_;
  bool out_last_ = false;
  bool was_taken_ = false;  // what was given
  bool tunnel_ = false;
  bool half_open_ = false;
};

}  // namespace berth::http
