#include "http/body.h"

#include "http/pooled_bytes.h"

namespace berth::http {

Body::Body(const std::string& text) : text(pooled_copy(text)) {}
Body::Body(const char* text) : text(pooled_copy(text)) {}

Deferred<std::string> read_all(BodySource& source, std::size_t bytes_max) {
  std::string all;
  for (;;) {
    Bytes part = co_await source.read();
    if (part.empty()) co_return all;
    if (all.size() + part.size() > bytes_max) {
      co_return Error(Code::overloaded,
                      "the body is longer than " + std::to_string(bytes_max) + " bytes");
    }
    all += part.view();
  }
}

}  // namespace berth::http
