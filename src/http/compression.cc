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

bool may_encode(const ServerResponse& response, std::size_t bytes_min) {
  auto& headers = response.headers;
  auto* type = headers.find("content-type");
  auto* cache = headers.find("cache-control");
  bool apart = headers.find("content-encoding") || headers.find("content-range");
  bool kept = cache && lower(cache->value).contains("no-transform");
  bool whole = may_have_content(response.status) && response.status != 206;
  auto length =
      response.body.source ? response.body.length.value_or(bytes_min) : response.body.text.size();
  return type && is_compressible(type->value) && whole && !apart && !kept && length >= bytes_min;
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
  if (!may_encode(response, layer.options.bytes_min)) co_return std::move(response);
  response.headers.add_token("vary", "accept-encoding");
  auto coding = choose_coding(request.head.headers, codings);
  if (!coding.empty()) encode(response, coding, request.head.method == "HEAD", layer.options);
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

Handler compressed(Handler handler, CompressionOptions options) {
  auto layer = std::make_shared<const Layer>(std::move(handler), options);
  return [layer](ServerRequest& request) { return answer(*layer, request); };
}

}  // namespace berth::http
