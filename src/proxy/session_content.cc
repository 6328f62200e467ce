#include <algorithm>
#include <array>
#include <tuple>

#include "async/clock.h"
#include "base/strings.h"
#include "http/compression.h"
#include "http/date_field.h"
#include "http/static_files.h"
#include "http/url.h"
#include "proxy/gateway/breach.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

// What of a session is about content that is made here: answers that are compressed on their way to
// the client, and files.

namespace berth::proxy {
namespace {

constexpr std::size_t read_bytes = 65536;
constexpr std::uint64_t file_piece_bytes = 128 << 10;  // a client must take one in a request's time
constexpr std::size_t chunk_frame_bytes = 8;           // about, for the record

/// One of the answers being compressed, while it lives.
struct Encoding {
  explicit Encoding(std::size_t& all) : all(all) { ++all; }
  Encoding(const Encoding&) = delete;
  ~Encoding() { --all; }
  std::size_t& all;
};

constexpr std::array<std::string_view, 8> of_other_bytes{
    "content-length", "transfer-encoding", "content-md5", "accept-ranges",
    "etag",           "content-digest",    "repr-digest", "digest"};

/// The client shows what it got from us for this: "W/" and the tag.
bool shows_weak(const http::Headers& request, std::string_view etag) {
  return request.value("if-none-match").contains("W/" + std::string(etag));
}

}  // namespace

/// The content of the instance's answer, without its framing, and what follows it.
class Session::Content final : public http::BodySource {
 public:
  explicit Content(Session& session) : session_(session) {}
  Deferred<Bytes> read() override { return session_.read_content(); }
  /// Without those that tell of the bytes as the instance sent them.
  std::vector<std::pair<std::string, std::string>> trailers() override {
    auto fields = session_.answer_trailers_.take();
    std::erase_if(fields, [&](auto& field) { return !session_.goes_with_coding(field.first); });
    return fields;
  }

 private:
  Session& session_;
};

/// What goes to the client: counted, and each part within the time for a request.
class Session::Sent final : public http::BodySource {
 public:
  Sent(Session& session, std::unique_ptr<http::BodySource> below)
      : session_(session), below_(std::move(below)) {}
  Deferred<Bytes> read() override {
    session_.extend_time();
    Bytes part = co_await below_->read();
    session_.record_.bytes_out += part.size() + chunk_frame_bytes;
    co_return std::move(part);
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return below_->trailers();
  }

 private:
  Session& session_;
  std::unique_ptr<http::BodySource> below_;
};

/// Whether the answer is compressed here, and by what.
void Session::choose_coding() {
  coding_ = {};
  varies_ = weakens_ = false;
  const gateway::Compression* compression = visit_ ? visit_->compression() : nullptr;
  if (!compression) return;
  auto& headers = answer_.headers;
  auto* etag = headers.find("etag");
  std::optional<std::uint64_t> length;
  if (auto said = parse_integer<std::uint64_t>(headers.value("content-length")); said.ok()) {
    length = *said;
  }
  varies_ =
      http::may_encode({answer_.status, headers.value("content-type"),
                        headers.value("cache-control"), headers.find("content-encoding") != nullptr,
                        headers.find("content-range") != nullptr, length},
                       compression->options);
  bool room = proxy_.has_encoder();
  bool chunks = request_.minor > 0;  // which its framing needs
  bool risky = !compression->cross_site && gateway::risks_breach(request_);
  if (varies_ && room && chunks && !risky) coding_ = http::wished_coding(request_.headers);
  bool known = answer_.status == 304 && etag && shows_weak(request_.headers, etag->value);
  weakens_ = !coding_.empty() || known;
}

/// False for fields that tell of the bytes as the instance sent them.
bool Session::goes_with_coding(std::string_view field) const {
  if (coding_.empty()) return !equal_ignoring_case(field, "etag");
  return std::ranges::none_of(
      of_other_bytes, [&](std::string_view each) { return equal_ignoring_case(each, field); });
}

void Session::append_coding_fields() {
  if (varies_) http::append_header(out_, "Vary", "Accept-Encoding");
  if (!weakens_) return;
  if (!coding_.empty()) http::append_header(out_, "Content-Encoding", coding_);
  auto etag = answer_.headers.value("etag");
  if (etag.empty()) return;
  // Other bytes under the same tag: it is a weak one (RFC 9110 section 8.8.1).
  out_.append("ETag: ").append(etag.starts_with("W/") ? "" : "W/").append(etag).append("\r\n");
}

Deferred<Bytes> Session::read_content() {
  while (!answer_body_.done()) {
    if (upstream_pending_.empty()) {
      auto more = co_await upstream_->read(read_bytes).result();
      Result<void> end = more.ok() && more->empty() ? answer_body_.end() : Result<void>();
      if (!more.ok() || !end.ok()) {
        ended(timed_out_ ? 's' : 'S', 'D');
        co_return Error(Code::reset, "the answer was broken off");
      }
      if (more->empty()) break;
      upstream_pending_ = std::move(*more);
    }
    std::size_t begin = 0;
    std::size_t size = 0;
    auto used =
        answer_body_.scan_one(upstream_pending_.view(),
                              [&](std::size_t at, std::size_t count) { begin = at, size = count; });
    std::size_t taken = co_await or_return(std::move(used));
    if (answer_.framing.kind == http::Framing::Kind::chunked) {
      answer_trailers_.add(upstream_pending_.view().substr(0, size > 0 ? begin : taken));
    }
    Bytes part = upstream_pending_.slice(begin, size);
    upstream_pending_.use_up(taken);
    if (caching_) fill(part.view());
    if (!part.empty()) co_return std::move(part);
  }
  if (caching_) finish_filling();
  co_return Bytes();
}

Deferred<Session::Outcome> Session::pass_encoded() {
  Encoding encoding(proxy_.encoders());
  answer_trailers_ = {};
  watch_client();
  build_answer_head();
  record_.bytes_out += out_.size();
  std::string head(out_, 0, out_.size() - 2);  // it is ended below
  passed_bytes_ = answering_ = true;
  http::CompressionOptions options = visit_->compression()->options;
  options.workers = &proxy_.world().workers;
  auto encoded = http::encoded(std::make_unique<Content>(*this), coding_, options);
  http::Body body(std::make_unique<Sent>(*this, std::move(encoded)));
  auto sent = co_await http::write_message(*client_, std::move(head), std::move(body)).result();
  if (sent.ok()) co_return co_await end_answer();
  client_->abort();  // it must not take the part for the whole
  if (record_.termination[0] == '-') co_await fail_with(std::move(sent).error());
  co_return Outcome::close;
}

/// A file below the folder of the request's route.
Deferred<Session::Outcome> Session::answer_with_file() {
  const gateway::Files& files = *visit_->route()->files;
  facts_ = {};
  std::string_view below = visit_->file_path();
  auto path = http::percent_decode(below.empty() ? "/" : below);
  if (!path.ok()) co_return co_await refuse(400, "its path is no file's");
  http::StaticFiles folder(proxy_.world().disk, files.folder, files.options);
  http::ServerResponse answer;
  if (below.empty() && request_.path() != "/") {  // of "/docs" the mount "/docs": to "/docs/"
    auto last = request_.path().substr(request_.path().rfind('/') + 1);
    answer.status = 308;
    std::string mark = request_.target.contains('?') ? "?" : "";
    answer.headers.emplace_back(
        "location", "./" + std::string(last) + "/" + mark + std::string(request_.query()));
  } else {
    auto found = co_await folder.answer(request_, std::move(*path)).result();
    bool none = found.ok() && found->status == 404;
    if (none && !files.fallback.empty()) {
      found = co_await folder.answer(request_, files.fallback).result();
    }
    if (!found.ok()) {
      proxy_.log().warning("a file cannot be read",
                           {{"folder", files.folder}, {"error", found.error()}});
      bool denied = found.error().is(Code::denied);
      co_return co_await refuse(denied ? 403 : 500, "the file cannot be read");
    }
    answer = std::move(*found);
  }
  if (answer.status >= 400) co_return co_await refuse_file(answer);
  co_return co_await send_file(std::move(answer));
}

/// With the page that the route has for it.
Deferred<Session::Outcome> Session::refuse_file(const http::ServerResponse& answer) {
  for (auto& [name, value] : answer.headers) {
    bool tells = name == "allow" || name == "content-range";
    if (tells) visit_->add_own_field(name, value);
  }
  end_locally();
  int status = answer.status;
  std::string reason = status == 405   ? "files are read by GET and HEAD"
                       : status == 412 ? "the file is another now"
                       : status == 416 ? "the file has no such part"
                                       : "there is no file " + std::string(visit_->file_path());
  return refuse(status, std::move(reason));
}

Deferred<Session::Outcome> Session::send_file(http::ServerResponse answer) {
  std::optional<Encoding> encoding;
  if (auto* compression = visit_->compression(); compression && request_.minor > 0) {
    http::CompressionOptions options = compression->options;
    options.workers = &proxy_.world().workers;
    bool room = proxy_.has_encoder();
    bool risky = !compression->cross_site && gateway::risks_breach(request_);
    if (room && !risky) http::compress(answer, request_, options);
    if (answer.body.source && !answer.body.length) encoding.emplace(proxy_.encoders());
  }
  bool close = !request_body_.done() || !request_.keep_alive || proxy_.stopping();
  record_.status = static_cast<std::uint16_t>(answer.status);
  out_.assign("HTTP/1.1 ").append(std::to_string(answer.status)).append(" ");
  out_.append(http::reason_of(answer.status)).append("\r\n");
  for (auto& [name, value] : answer.headers) {
    if (visit_->keeps(name)) http::append_header(out_, name, value);
  }
  http::DateField date(proxy_.world().clock);
  http::append_header(out_, "Date", date.value());
  visit_->append_answer_fields(out_);
  if (close) {
    out_ += "Connection: close\r\n";
  } else if (request_.minor == 0) {
    out_ += "Connection: keep-alive\r\n";
  }
  record_.bytes_out += out_.size() + answer.body.text.size();
  passed_bytes_ = answering_ = true;
  extend_time();
  bool with_body = request_.method != "HEAD";
  auto* part = answer.body.source ? answer.body.source->file_part() : nullptr;
  if (!http::may_have_content(answer.status)) {
    co_await client_->write(Bytes::copy(out_ + "\r\n"));
  } else if (part && with_body && answer.body.length == part->length) {
    http::append_header(out_, "Content-Length", std::to_string(part->length));
    co_await send_part(Bytes::copy(out_ + "\r\n"), *part);
  } else {
    http::Body body = std::move(answer.body);
    if (body.source) body.source = std::make_unique<Sent>(*this, std::move(body.source));
    std::string head = out_;
    co_await http::write_message(*client_, std::move(head), std::move(body), with_body);
  }
  end_locally();
  co_return close ? Outcome::close : Outcome::next;
}

/// HAProxy's code for what it answers itself.
void Session::end_locally() {
  record_.termination[0] = 'L';
  record_.termination[1] = 'R';
}

/// From the file to the socket by the kernel, in pieces, each in its time.
Deferred<void> Session::send_part(Bytes head, http::FilePart part) {
  BytesList before(std::move(head));
  while (part.length > 0) {
    extend_time();
    std::uint64_t size = std::min(part.length, file_piece_bytes);
    co_await client_->write_file(std::move(before), *part.file, part.offset, size);
    before = BytesList();
    part.offset += size;
    part.length -= size;
    record_.bytes_out += size;
  }
}

}  // namespace berth::proxy
