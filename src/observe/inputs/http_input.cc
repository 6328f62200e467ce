#include "observe/inputs/http_input.h"

#include "http/content_decoder.h"
#include "observe/local_streams.h"

namespace berth::observe {
namespace {

http::ServerOptions options_of(const InputSpec& spec, Log log) {
  http::ServerOptions options;
  options.connections_max = spec.connections_max;
  options.log = log;
  return options;
}

Result<std::string> decoded(const std::string& body, std::string_view coding,
                            std::size_t bytes_max) {
  if (coding.empty() || coding == "identity") return body;
  auto decoder = http::ContentDecoder::make(coding);
  if (!decoder) {
    return Error(Code::unsupported,
                 "content may be coded by gzip and zstd, not by '" + std::string(coding) + "'");
  }
  decoder->feed(Bytes::copy(body));
  std::string out;
  for (;;) {
    Bytes piece = TRY(decoder->next());
    if (piece.empty()) break;
    out += piece.view();
    if (out.size() > bytes_max) return Error(Code::overloaded, "the content is too long");
  }
  TRY(decoder->end());
  return out;
}

}  // namespace

HttpInput::HttpInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : spec_(std::move(spec)),
      world_(links.world),
      log_(links.log),
      lines_(links.lines),
      samples_(links.samples),
      server_(
          links.world.clock,
          [this](http::ServerRequest& request) { return for_programs(routes_, request); },
          options_of(spec_, links.log)) {
  for (auto& listener : places.listeners) server_.serve(std::move(listener));
}

Deferred<std::string> decoded_body(http::ServerRequest& request, std::size_t bytes_max) {
  std::string body = co_await request.body(bytes_max);
  std::string coding(request.head.headers.value("content-encoding"));
  auto text = decoded(body, coding, bytes_max);
  co_return co_await or_return(std::move(text));
}

http::ServerResponse body_refused(const http::ServerRequest& request, const Error& error) {
  if (error.is(Code::overloaded)) return http::ServerResponse::problem(413, error.message());
  if (error.is(Code::unsupported)) return http::ServerResponse::problem(415, error.message());
  if (error.is(Code::invalid)) return http::ServerResponse::problem(400, error.message());
  return http::ServerResponse::problem(request, error);
}

}  // namespace berth::observe
