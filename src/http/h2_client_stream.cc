#include "http/h2_client_stream.h"

#include "http/asking.h"
#include "http/h2_client_connection.h"
#include "http/h2_tunnel.h"

namespace berth::http::detail {
namespace {

/// Holds a source to the length that its request tells.
class CountedSource final : public BodySource {
 public:
  CountedSource(std::unique_ptr<BodySource> source, std::uint64_t length)
      : source_(std::move(source)), length_(length), left_(length) {}
  Deferred<Bytes> read() override {
    return source_->read().then([this](Bytes part) -> Result<Bytes> {
      if (part.size() > left_ || (part.empty() && left_ > 0)) {
        return Error(Code::invalid,
                     "a body of " + std::to_string(length_) + " bytes gave more or less than that");
      }
      left_ -= part.size();
      return part;
    });
  }

 private:
  std::unique_ptr<BodySource> source_;
  std::uint64_t length_;
  std::uint64_t left_;
};

}  // namespace

H2ClientStream::H2ClientStream(std::shared_ptr<H2ClientConnection> connection)
    : H2Stream(*connection, 0), connection_(std::move(connection)) {}

H2ClientStream::~H2ClientStream() {
  uploading_.reset();
  connection_->leave(*this);
}

void H2ClientStream::ask(const H2Fields& head, Body body, Clock& clock, Duration first_byte) {
  bool with_content = tunnel() || body.source || !body.text.empty();
  bool at_once = fits_in_one_go(body);
  if (with_content && at_once) give(std::move(body.text), !tunnel());
  connection_->submit(*this, head, with_content);
  if (at_once) return;
  uploaded_ = false;
  uploading_ = upload(std::move(body), clock, first_byte);
}

Deferred<void> H2ClientStream::upload(Body body, Clock& clock, Duration first_byte) {
  if (body.source) {
    if (body.length) {
      body.source = std::make_unique<CountedSource>(std::move(body.source), *body.length);
    }
    auto sent = co_await send(*body.source).result();
    if (!sent.ok()) {
      Error why = std::move(sent).error();
      if (why.is(Code::cancelled)) why = Error(Code::closed, "its source was cancelled");
      give_up(std::move(why).during("reading what is to be sent"));
      co_return;
    }
  } else {
    give(std::move(body.text), true);
    connection_->resume(*this);
  }
  co_await taken();
  uploaded_ = true;
  if (answered() || closed() || first_byte == Duration::zero()) co_return;
  co_await clock.after(first_byte);
  if (!answered()) give_up(Error::timed_out());
}

Deferred<void> H2ClientStream::begun() {
  while (waits_ && !closed()) co_await begun_.wait();
}

std::size_t H2ClientStream::waiting() const { return connection_->waiting(); }

Deferred<bool> H2ClientStream::tunnels_allowed() { return connection_->tunnels_allowed(); }

Error H2ClientStream::why_ended() const {
  return failure().value_or(Error(Code::reset, "the peer ended the stream"));
}

std::pair<std::unique_ptr<ByteStream>, Bytes> H2ClientStream::take_stream(
    std::unique_ptr<ResponseBody> self) {
  if (!tunnel()) return {};
  auto& stream = connection_->stream();
  return {std::make_unique<H2Tunnel>(*this, std::move(self), stream.local_address(),
                                     stream.peer_address()),
          Bytes()};
}

void H2ClientStream::field(std::string_view name, std::string_view value) {
  trailer_bytes_ += name.size() + value.size();
  const HeadLimits& limits = connection_->head_limits();
  if (trailer_bytes_ > limits.head_bytes_max || trailers_in.size() >= limits.headers_max) {
    return give_up(Error(Code::overloaded, "the answer's trailers are longer than " +
                                               std::to_string(limits.head_bytes_max) +
                                               " bytes or more than " +
                                               std::to_string(limits.headers_max)));
  }
  trailers_in.emplace_back(name, value);
}

void H2ClientStream::head_received(H2ResponseHeadBuilder& fields) {
  if (answer_) return;
  int status = fields.status();
  auto head = fields.end(!remote_ended());
  if (!head.ok()) return give_up(std::move(head).error());
  if (status < 200) {
    if (++informational_ <= connection_->limits().informational_max) return;
    return give_up(Error(Code::overloaded, "more than " + std::to_string(informational_ - 1) +
                                               " heads of 1xx and no answer"));
  }
  answer_ = std::move(*head);
  if (uploaded_) uploading_.reset();
  if (auto* listener = std::exchange(listener_, nullptr)) listener->answered();
}

void H2ClientStream::sent() {
  sent_ = true;
  if (!waits_) return;
  waits_ = false;
  begun_.ring();
}

void H2ClientStream::end(std::optional<Error> why) {
  end_both_ways(std::move(why));
  begun_.ring();
  if (auto* listener = std::exchange(listener_, nullptr)) listener->ended();
}

void H2ClientStream::give_up(Error why) {
  if (closed()) return;
  connection_->cancel(*this);
  end(std::move(why));
}

}  // namespace berth::http::detail
