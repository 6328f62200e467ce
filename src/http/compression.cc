#include "http/compression.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "base/strings.h"
#include "http/negotiation.h"

namespace berth::http {
namespace {

using Then = ContentEncoder::Then;
constexpr std::array<std::string_view, 2> codings{"zstd", "gzip"};
constexpr std::size_t worker_bytes_min = 16 << 10;
constexpr std::size_t part_bytes_max = 64 << 10;

/// A text that is there, part by part.
class TextSource final : public BodySource {
 public:
  explicit TextSource(Bytes text) : left_(std::move(text)) {}
  Deferred<Bytes> read() override {
    Bytes part = left_.slice(0, part_bytes_max);
    left_.remove_prefix(part.size());
    return ready(std::move(part));
  }

 private:
  Bytes left_;
};

class EncodedSource final : public BodySource {
 public:
  EncodedSource(std::unique_ptr<BodySource> below, std::string_view coding,
                const CompressionOptions& options)
      : below_(std::move(below)),
        encoder_(ContentEncoder::make(coding, options.levels)),
        workers_(options.workers) {}

  Deferred<Bytes> read() override {
    while (!ended_) {
      if (!next_.valid()) next_ = below_->read();
      if (next_.pending() && std::exchange(unflushed_, false)) {
        Bytes out = co_await encode({}, Then::flush);
        if (!out.empty()) co_return out;
      }
      auto next = std::exchange(next_, {});
      Bytes part = co_await std::move(next);
      ended_ = part.empty();
      Bytes out = co_await encode(std::move(part), ended_ ? Then::end : Then::more);
      unflushed_ = true;
      if (!out.empty()) co_return out;
    }
    co_return Bytes();
  }
  std::vector<std::pair<std::string, std::string>> trailers() override {
    return below_->trailers();
  }

 private:
  Deferred<Bytes> encode(Bytes part, Then then) {
    if (workers_ && part.size() >= worker_bytes_min) {
      auto out = co_await run_on(*workers_, [encoder = encoder_, part, then] {
                   return encoder->encode(part.view(), then);
                 }).result();
      // The workers did not take it: this thread does it, rather than break off.
      if (out.ok() || !out.error().is(Code::overloaded)) co_return std::move(out);
    }
    co_return encoder_->encode(part.view(), then);
  }

  std::unique_ptr<BodySource> below_;
  std::shared_ptr<ContentEncoder> encoder_;  // a worker may still have it when this is gone
  Workers* workers_;
  Deferred<Bytes> next_;
  bool unflushed_ = false;
  bool ended_ = false;
};

bool fits(const std::vector<std::string>& types, std::string_view content_type) {
  if (types.empty()) return is_compressible(content_type);
  auto type = trim(content_type.substr(0, content_type.find(';')));
  return std::ranges::any_of(types, [&](std::string_view each) {
    if (!each.ends_with("/*")) return equal_ignoring_case(each, type);
    each.remove_suffix(1);
    return equal_ignoring_case(each, type.substr(0, each.size()));
  });
}

Encodable told_by(const ServerResponse& response) {
  auto& headers = response.headers;
  auto text = [&](std::string_view name) {
    auto* found = headers.find(name);
    return found ? found->value.view() : std::string_view();
  };
  auto& body = response.body;
  return {response.status,
          text("content-type"),
          text("cache-control"),
          headers.find("content-encoding") != nullptr,
          headers.find("content-range") != nullptr,
          body.source ? body.length : std::optional<std::uint64_t>(body.text.size())};
}

void encode(ServerResponse& response, std::string_view coding, bool head_only,
            const CompressionOptions& options) {
  auto& headers = response.headers;
  headers.emplace_back("content-encoding", Text::literal(coding));
  headers.remove("accept-ranges");
  if (auto* etag = headers.find("etag"); etag && !etag->value.view().starts_with("W/")) {
    etag->value = "W/" + std::string(etag->value.view());
  }
  Body& body = response.body;
  if (!body.source && body.text.size() <= part_bytes_max && !head_only) {
    auto encoder = ContentEncoder::make(coding, options.levels);
    body = Body(encoder->encode(body.text.view(), Then::end));
    return;
  }
  auto source =
      body.source ? std::move(body.source) : std::make_unique<TextSource>(std::move(body.text));
  body = Body(std::make_unique<EncodedSource>(std::move(source), coding, options));
}

struct Layer {
  Handler handler;
  CompressionOptions options;
};

Deferred<ServerResponse> answer(const Layer& layer, ServerRequest& request) {
  ServerResponse response = co_await layer.handler(request);
  compress(response, request.head, layer.options);
  co_return std::move(response);
}

}  // namespace

bool is_compressible(std::string_view content_type) {
  constexpr std::array<std::string_view, 8> types{
      "application/json",     "application/javascript",    "application/xml", "application/wasm",
      "application/x-ndjson", "application/manifest+json", "image/svg+xml",   "image/x-icon"};
  std::string type = lower(trim(content_type.substr(0, content_type.find(';'))));
  if (type.starts_with("text/") || type.ends_with("+json") || type.ends_with("+xml")) return true;
  return std::ranges::find(types, type) != types.end();
}

bool may_encode(const Encodable& answer, const CompressionOptions& options) {
  bool kept = lower(answer.cache_control).contains("no-transform");
  bool whole = may_have_content(answer.status) && answer.status != 206 && !answer.ranged;
  return whole && !answer.coded && !kept && !answer.type.empty() &&
         answer.length.value_or(options.bytes_min) >= options.bytes_min &&
         fits(options.types, answer.type);
}

std::string_view wished_coding(const Headers& request) { return choose_coding(request, codings); }

std::unique_ptr<BodySource> encoded(std::unique_ptr<BodySource> below, std::string_view coding,
                                    const CompressionOptions& options) {
  return std::make_unique<EncodedSource>(std::move(below), coding, options);
}

void compress(ServerResponse& answer, const RequestHead& request,
              const CompressionOptions& options) {
  if (!may_encode(told_by(answer), options)) return;
  answer.headers.add_token("vary", "accept-encoding");
  auto coding = wished_coding(request.headers);
  if (!coding.empty()) encode(answer, coding, request.method == "HEAD", options);
}

Handler compressed(Handler handler, CompressionOptions options) {
  auto layer = std::make_shared<const Layer>(std::move(handler), options);
  return [layer](ServerRequest& request) { return answer(*layer, request); };
}

}  // namespace berth::http
