#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "async/deferred.h"
#include "async/frame_pool.h"
#include "http/message.h"
#include "proxy/gateway/gateway.h"

namespace berth::proxy::gateway {

/// One connection of the public and what its present request is allowed: looks for the route,
/// checks what the route asks for, and writes the heads that go on, to the service and back. Does
/// no I/O. Lives as long as the connection; a request holds on to the Gateway that it began with.
/// Answers of our own are complete messages with the reason in X-Berth-Reason.
class Visit {
 public:
  enum class Next : std::uint8_t {
    pass,           // to service(), or to the route's files
    answer,         // append_own() with status() and reason()
    wait_for_keys,  // renew_keys(), then begin again
  };

  static void* operator new(std::size_t bytes) { return allocate_frame(bytes); }
  static void operator delete(void* memory, std::size_t bytes) { free_frame(memory, bytes); }

  Visit(std::shared_ptr<const Entrance> entrance, const Address& peer)
      : entrance_(std::move(entrance)), peer_(peer), peer_ip_(peer.ip_text()) {}

  const Entrance& entrance() const { return *entrance_; }
  /// `head` and its memory outlive the request. `again` is true after wait_for_keys: it is not
  /// asked for a second time.
  Next begin(std::shared_ptr<const Gateway> gateway, const http::RequestHead& head, WallTime now,
             bool again = false);
  Deferred<void> renew_keys();
  /// What comes next is no request: answers of our own are not those of a route.
  void forget() {
    match_.route = nullptr;
    responds_ = false;
    challenge_.clear();
    own_fields_.clear();
  }

  /// Null: none fits.
  const Route* route() const { return match_.route; }
  const std::string& service() const { return match_.route->service; }
  int status() const { return status_; }
  const std::string& reason() const { return reason_; }
  const Origin& origin() const { return origin_; }
  const std::string& user() const { return identity_.user; }
  /// Content beyond it is answered with 413; 0: any.
  std::uint64_t body_bytes_max() const { return match_.route ? match_.route->body_bytes_max : 0; }
  Duration timeout() const { return match_.route ? match_.route->timeout : Duration(0); }

  /// Line and fields of the request for the service, but for the last empty line and Upgrade.
  /// Fields that `own` is true for do not go on: whoever calls writes them.
  void append_request_head(std::string& out, const http::RequestHead& head,
                           bool (*own)(std::string_view field) = nullptr) const;
  /// What a file is looked for by, below the route's folder: what stands behind the prefix, or what
  /// the route's rewrite makes of the path. Percent-encoded as it came.
  std::string_view file_path() const;
  /// How answers are compressed; null: they are not.
  const Compression* compression() const {
    return match_.route ? match_.route->compression.get() : nullptr;
  }
  /// True for fields of requests that are not, or not only, what the client sent.
  bool writes(std::string_view request_field) const;
  /// False for fields of the service's answer that do not go on.
  bool keeps(std::string_view answer_field) const;
  /// The fields that are added to the service's answer.
  void append_answer_fields(std::string& out) const;
  /// The answer of our own that follows tells when to come again; zero: it does not.
  void retry_after(Duration wait);
  /// What follows is 429, whatever else there was to say: the client asks too often.
  void limit(Duration wait) {
    responds_ = false;
    own_fields_.clear();
    retry_after(wait);
  }
  /// A field of the answer of our own that follows.
  void add_own_field(std::string_view name, std::string_view value);
  /// A whole answer of our own.
  void append_own(std::string& out, int status, std::string_view reason, bool close,
                  bool with_body) const;

 private:
  bool answer(int status, std::string reason);
  bool admitted(const http::RequestHead& head);
  bool preflighted(const http::RequestHead& head);
  bool authenticated(const http::RequestHead& head, WallTime now, bool again);
  bool answered_here(const http::RequestHead& head);
  bool challenged(const http::RequestHead& head);
  void redirect(int status, std::string location);
  void make_target(const http::RequestHead& head);
  bool from_us(std::string_view field) const;

  std::shared_ptr<const Entrance> entrance_;
  Address peer_;
  std::string peer_ip_;
  // Of the present request.
  std::shared_ptr<const Gateway> gateway_;
  Origin origin_;
  Match match_;
  Values values_;
  Identity identity_;
  std::string_view cors_origin_;  // allowed; empty: none
  std::string scratch_;           // the path's normal form where it differs
  std::string target_;            // where it is not the client's
  bool new_target_ = false;
  const Authentication* stale_ = nullptr;  // whose keys are to be renewed
  // Of an answer of our own.
  int status_ = 0;
  bool responds_ = false;  // it is what the route has as its answer
  std::string challenge_;  // it is this, to who validates a name (RFC 8555 section 8.3)
  std::string reason_;
  std::string own_fields_;
};

}  // namespace berth::proxy::gateway
