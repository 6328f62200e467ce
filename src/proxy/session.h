#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/network.h"
#include "async/timer_queue.h"
#include "http/access_record.h"
#include "http/h1_parser.h"
#include "http/pace.h"
#include "http/server_message.h"
#include "proxy/answers/kept_answer.h"
#include "proxy/caching.h"
#include "proxy/chunks.h"
#include "proxy/gateway/visit.h"
#include "proxy/open_session.h"
#include "proxy/pool.h"

namespace berth::proxy {

class Proxy;
class SecondAttempt;

/// What of a connection goes from one Session on it to the next.
struct SessionIdentity {
  std::uint64_t id = 0;  // 0: none was on it yet
  MonotonicTime since{};
  OpenSessions::iterator enlisted;
  std::string caller;
};

/// One client's connection: reads its requests one after another, carries each to an instance and
/// its answer back, and notes a record. Lives in the frame of Proxy::serve. Bodies are passed on as
/// they come, in constant memory.
///
///     idle --head--> choosing --(queue)--> connecting --sent--> waiting --answer--> passing on -->
///     idle
///                       ^                      |            |
///                       +------- retry: nothing was passed on yet, and it may be repeated
class Session final : public OpenSession, Timer {
 public:
  /// After so much silence a connection is parked: see silent_until().
  static constexpr Duration park_after = 20ms;

  using Identity = SessionIdentity;

  /// `pool` is null at the gateway, where each request's route chooses one; `entrance` is null
  /// elsewhere. `identity` is that of a connection that was parked, and `first` what came then.
  Session(Proxy& proxy, std::shared_ptr<Pool> pool,
          std::shared_ptr<const gateway::Entrance> entrance,
          const std::uint32_t& frontend_connections, std::unique_ptr<ByteStream> client,
          Identity identity = {}, Bytes first = {});
  ~Session();
  Deferred<void> run();

  Shown shown() const override;
  std::string_view server() const override {
    return endpoint_ ? std::string_view(endpoint_->id) : std::string_view();
  }
  bool is_on(std::string_view instance) const override {
    return server() == instance || (second_ && second_->id == instance);
  }
  /// Ends it now, whatever it does: HAProxy's 'K' in the record.
  void kill() override;
  /// Instead of run(): asks anew for an answer that is kept, of nobody's account: its client takes
  /// what comes and it leaves no record. `head` is a request as it goes to an instance.
  Deferred<void> refresh(std::string head, std::shared_ptr<const CachedAnswer> kept);
  /// Who calls, where that is known already.
  void set_caller(std::string caller) { caller_ = std::move(caller); }
  /// Why the answer that was on its way was broken off by the instance, or never came.
  const std::optional<Error>& broken_by() const { return broken_by_; }
  /// After run(): nothing was said for park_after, and until when that may stay so. Then
  /// take_client() and take_identity() are all that is to be kept: this Session can go.
  std::optional<MonotonicTime> silent_until() const {
    return silent_ ? std::optional(idle_until_) : std::nullopt;
  }
  Identity take_identity();
  /// After run(): the client began with the preface of HTTP/2 (RFC 9113 section 3.4); then its
  /// stream, and what was read of it.
  bool began_h2() const { return began_h2_; }
  std::pair<std::unique_ptr<ByteStream>, Bytes> take_client() {
    return {std::move(client_), std::move(pending_)};
  }

 private:
  /// What comes after a step of a request: an instance is to have it, or the client its answer;
  /// then, when it is over, the next one or the end of the connection.
  enum class Outcome : std::uint8_t { carry, pass, next, close };
  static constexpr Duration linger_max = 2s;  // for the rest of a request that was answered early

  void fire() override;
  void fire_idle();
  Deferred<bool> read_head();
  void take_first(Bytes bytes);
  Deferred<Bytes> read_more_of_head();
  Deferred<Outcome> begin_exchange();
  Deferred<Outcome> reach_instance();
  Deferred<void> read_answer();
  Deferred<Outcome> end_answer();
  Deferred<Outcome> pass_answer();
  Deferred<Outcome> refuse(int status, std::string reason);
  Deferred<Outcome> find_public();
  /// Zero: the client may; else how long until it may.
  Duration client_limit();
  std::string client_ip() const;
  Duration request_time() const;
  Deferred<Outcome> carry();
  static constexpr Duration body_grace = 30s;  // what a client may be ahead of the least rate
  bool within_body_limit();
  bool too_slow(Duration waited, std::size_t bytes);
  void build_public_head();
  Deferred<void> linger();
  void enlist(Identity identity);
  void end_request_head();
  Deferred<void> upload();
  Deferred<void> tunnel();
  Deferred<void> pump(ByteStream& from, ByteStream& to, Bytes first, std::uint64_t& count);
  void build_request_head();
  void build_answer_head();
  void let_go();
  void release_endpoint();
  void note_record();
  void remark();

  Deferred<Outcome> count_hops();

  // In session_ends.cc.
  /// What the client did that ended its request, when it is not the instance's fault.
  enum class Fault : std::uint8_t { none, gone, silent, broken, too_long };
  Deferred<void> refuse_head(const Error& error);
  Deferred<Outcome> refuse_fault();
  Deferred<Outcome> break_off(Error error);
  Deferred<void> pass_interim();
  bool leaves_out(const http::Header& answer_field) const;
  bool unchunks() const;
  bool awaits_content();
  void ended(char who, char where);
  char phase() const;

  // In session_tries.cc.
  struct Refusal {
    int status = 0;  // 0: none
    std::string reason;
    Duration retry_after{};
  };
  void begin_tries();
  bool undeclared() const;
  Refusal admit();
  Pool::Wish wish() const;
  Deferred<void> choose();
  Error why_not(Pool::Choice choice) const;
  Deferred<void> attempt();
  Deferred<void> send_request();
  void append_own_fields();
  void append_sticky_cookie();
  void extend_time();
  Deferred<void> open_stream();
  Deferred<std::unique_ptr<ByteStream>> connect_anew();
  bool watches_client() const;
  void watch_client();
  Deferred<void> see_client_go();
  void share_connection();
  void keep_sent(const Bytes& part);
  Failure failure_of(const Result<void>& tried) const;
  void note_outcome(Failure failure);
  bool tries_again(Failure failure, Duration& pause);
  void keep_connection();
  void leave_try(bool answered);
  Deferred<Outcome> tries();
  void mirror(std::string_view head);
  Deferred<Outcome> refuse_failed(Error error);

  // In session_content.cc.
  class Content;
  class Sent;
  void choose_coding();
  bool encodes() const { return !coding_.empty() && request_.method != "HEAD"; }
  bool goes_with_coding(std::string_view field) const;
  void append_coding_fields();
  Deferred<Bytes> read_content();
  Deferred<Outcome> pass_encoded();
  Deferred<Outcome> answer_with_file();
  Deferred<Outcome> refuse_file(const http::ServerResponse& answer);
  Deferred<Outcome> send_file(http::ServerResponse answer);
  void end_locally();
  Deferred<void> send_part(Bytes head, http::FilePart part);

  // In session_keys.cc.
  static constexpr std::size_t kept_bytes_max = 64 << 10;  // of a content, and of an answer
  static constexpr std::size_t sent_bytes_max = 64 << 10;  // of a content, kept for another try
  bool has_key() const;
  std::uint64_t key_hash() const;
  Deferred<std::optional<std::uint64_t>> fingerprint();
  Deferred<Outcome> tries_with_key();
  Deferred<void> keep_answer();
  Deferred<Outcome> replay(const KeptAnswer& kept);

  // In session_cache.cc and session_give.cc.
  enum class Instead : std::uint8_t { pass_on, give_kept, ask_again };
  struct Leading;
  bool begin_caching();
  void take_query();
  Deferred<Outcome> tries_with_cache();
  Caching::Use use_of(const CachedAnswer& kept, MonotonicTime now) const;
  Deferred<bool> wait_for_leader(Flights::Flight& flight);
  void ask_about_kept();
  void ask_plainly();
  Instead look_at_answer();
  bool stands_in(int status);
  void invalidate_target();
  void begin_filling();
  bool writes_field(std::string_view name) const;
  void fill(std::string_view content);
  void finish_filling();
  void stop_filling();
  Deferred<void> fill_rest();
  void land(Flights::Landed landed);
  void begin_refreshing(const std::shared_ptr<const CachedAnswer>& kept);
  void append_cache_status();
  Deferred<Outcome> give_kept();
  void build_kept_head(int status, const http::RangeChoice& range);

  // In session_hedge.cc.
  bool may_hedge() const;
  Duration hedge_delay() const;
  Deferred<void> attempt_hedged();
  Deferred<void> first_attempt(SecondAttempt& second);
  Deferred<void> hedge(SecondAttempt& second, Duration delay);
  bool begin_second(SecondAttempt& second);
  void take_over(SecondAttempt& second);

  Proxy& proxy_;
  std::shared_ptr<Pool> vip_pool_;
  const std::uint32_t& frontend_connections_;
  std::unique_ptr<ByteStream> client_;
  std::unique_ptr<gateway::Visit> visit_;  // at the gateway; else null
  std::string caller_;
  std::uint64_t id_ = 0;
  MonotonicTime since_{};
  OpenSessions::iterator enlisted_;
  bool killed_ = false;
  bool silent_ = false;
  MonotonicTime idle_until_{};
  Deferred<Bytes> waiting_;  // for a request's first byte
  Bytes pending_;            // received from the client, not yet used
  http::HeadFinder finder_;
  MonotonicTime head_due_{};    // zero: none has begun
  std::size_t head_bytes_ = 0;  // of the last one

  // Of the present request.
  http::RequestHead request_;
  http::BodyScanner request_body_;
  std::shared_ptr<Pool> pool_;
  std::shared_ptr<Endpoint> endpoint_;
  std::shared_ptr<Endpoint> second_;  // of a second attempt beside it
  std::array<std::shared_ptr<Endpoint>, Pool::tried_max> tried_;
  std::size_t tried_count_ = 0;
  RequestFacts facts_;
  MonotonicTime deadline_{};         // of all tries together
  Bytes first_body_;                 // all that was sent of the body, while that is little
  std::optional<KeptAnswer> keeps_;  // its answer is to be kept, so far without it
  /// Null: no request so far was for a service that keeps answers.
  std::unique_ptr<Caching> caching_;
  Duration retry_after_{};   // of an answer of our own; zero: not said
  std::string_view coding_;  // that its answer is encoded in here; empty: none
  bool varies_ = false;      // by the Accept-Encoding
  bool weakens_ = false;     // the answer's ETag
  std::unique_ptr<ByteStream> upstream_;
  Bytes upstream_pending_;
  http::ResponseHead answer_;
  http::BodyScanner answer_body_;
  Deferred<void> uploading_;
  Deferred<void> watching_;     // whether the client of an event stream is still there
  TrailerTap answer_trailers_;  // of an answer that is encoded here
  http::AccessRecord record_;
  MonotonicTime begun_{};
  MonotonicTime sent_{};
  std::string& out_;  // scratch for heads: the proxy's, so not across an await
  bool in_request_ = false;
  bool timed_out_ = false;
  bool reused_ = false;
  bool fresh_ = false;         // the next try is by a connection of its own
  bool passed_bytes_ = false;  // to the client, interim answers too: no retry any more
  bool answering_ = false;     // its last answer has begun: none of our own any more
  bool closes_ = false;        // that answer says so
  Fault fault_ = Fault::none;
  http::Pace pace_{body_grace};      // of the request's content
  bool awaits_client_ = false;       // the upload has nothing to send until more has come
  std::uint64_t content_bytes_ = 0;  // of the request's body, so far
  bool body_started_ = false;        // of the request, from the client's stream: no retry any more,
  bool body_kept_ = false;           // first_body_ has what was sent of it
  bool whole_body_ = false;          // but if all of it is in first_body_
  bool began_h2_ = false;
  std::optional<Error> broken_by_;
  bool on_trial_ = false;   // the breaker waits for what comes of it
  bool refreshes_ = false;  // it is nobody's request
};

}  // namespace berth::proxy
