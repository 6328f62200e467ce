#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/sync.h"
#include "http/body.h"

namespace grpc {

using namespace berth;

/// A message as gRPC writes it into a body: not compressed, its length, its bytes.
inline Bytes framed(std::string_view message) {
  std::string out(1, '\0');
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(message.size() >> shift);
  return Bytes::copy(out.append(message));
}

/// Takes the messages from a body, which comes by `read` in parts of any size.
template <class Body>
class Messages {
 public:
  explicit Messages(Body& body) : body_(body) {}
  /// Nothing at the end.
  Deferred<std::optional<std::string>> next() {
    for (;;) {
      if (auto message = take()) co_return message;
      Bytes part = co_await body_.read();
      if (part.empty()) co_return std::optional<std::string>();
      in_ += part.view();
    }
  }

 private:
  std::optional<std::string> take() {
    if (in_.size() < 5) return std::nullopt;
    std::size_t size = 0;
    for (int i = 1; i < 5; ++i) size = size << 8 | static_cast<unsigned char>(in_[i]);
    if (in_.size() < 5 + size) return std::nullopt;
    std::string message = in_.substr(5, size);
    in_.erase(0, 5 + size);
    return message;
  }

  Body& body_;
  std::string in_;
};

/// The body of one who sends messages as they are pushed; a server's ends with its status.
class Sending final : public http::BodySource {
 public:
  struct Out {
    Queue<Bytes> queue{16};
    std::vector<std::pair<std::string, std::string>> trailers;
  };
  explicit Sending(std::shared_ptr<Out> out) : out_(std::move(out)) {}
  Deferred<Bytes> read() override { return out_->queue.pop(); }
  std::vector<std::pair<std::string, std::string>> trailers() override { return out_->trailers; }

 private:
  std::shared_ptr<Out> out_;
};

}  // namespace grpc
