#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/network.h"
#include "async/serve.h"
#include "http/h2_client_suite.h"
#include "http/h2_session.h"

namespace berth::http {

/// A server whose frames are written by hand: for what no good server does. It says SETTINGS, then
/// what `answer` makes of each frame that comes.
class H2Peer {
 public:
  struct Frame {
    int type = 0;
    int flags = 0;
    std::uint32_t stream = 0;
    std::string payload;
    int connection = 0;  // counted from 1

    bool begins_request() const { return type == NGHTTP2_HEADERS; }
  };
  using Answer = std::function<std::string(const Frame&)>;

  H2Peer(Network& network, const Address& address, Answer answer)
      : listener_(network.listen(address).value()), answer_(std::move(answer)) {
    serving_ = serve(*listener_, [this](std::unique_ptr<ByteStream> stream) {
      return converse(std::move(stream), ++connections);
    });
  }

  /// The answer 200 to a request, with `content`.
  static std::string good(std::uint32_t stream, const std::string& content) {
    return h2_frame(NGHTTP2_HEADERS, 4, stream, "\x88") +
           h2_frame(NGHTTP2_DATA, 1, stream, content);
  }
  static std::string number(std::uint32_t value) {
    std::string out;
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift);
    return out;
  }
  static std::string reset(std::uint32_t stream, std::uint32_t code) {
    return h2_frame(NGHTTP2_RST_STREAM, 0, stream, number(code));
  }
  static std::string goaway(std::uint32_t last, std::uint32_t code, const std::string& why = "") {
    return h2_frame(NGHTTP2_GOAWAY, 0, 0, number(last) + number(code) + why);
  }
  std::vector<Frame> of_type(int type) const {
    std::vector<Frame> found;
    for (auto& frame : frames) {
      if (frame.type == type) found.push_back(frame);
    }
    return found;
  }

  std::vector<Frame> frames;
  int connections = 0;
  std::string settings = h2_frame(NGHTTP2_SETTINGS, 0, 0, "");
  std::size_t bytes_max = ~std::size_t{0};  // of each connection; then it is cut
  bool resets = false;                      // how it is cut

 private:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream, int connection) {
    std::size_t left = bytes_max;
    std::string in;
    std::string out = settings;
    bool greeted = false;
    for (;;) {
      if (!out.empty()) {
        co_await stream->write(Bytes::copy(out.substr(0, left)));
        bool cut = out.size() >= left;
        left -= std::min(left, out.size());
        if (cut && resets) stream->abort();
        if (cut) co_return;
      }
      out.clear();
      Bytes part = co_await stream->read(65536);
      if (part.empty()) co_return;
      in += part.view();
      if (!greeted && in.size() < h2_preface.size()) continue;
      if (!std::exchange(greeted, true)) in.erase(0, h2_preface.size());
      out = take_frames(in, connection);
    }
  }
  std::string take_frames(std::string& in, int connection) {
    std::string out;
    for (;;) {
      auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(in[i]); };
      if (in.size() < 9) return out;
      std::size_t size = static_cast<std::size_t>(byte(0) << 16 | byte(1) << 8 | byte(2));
      if (in.size() < 9 + size) return out;
      std::uint32_t id = (byte(5) & 0x7fu) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
      frames.push_back({byte(3), byte(4), id, in.substr(9, size), connection});
      in.erase(0, 9 + size);
      auto& frame = frames.back();
      if (frame.type == NGHTTP2_SETTINGS && !(frame.flags & 1)) {
        out += h2_frame(NGHTTP2_SETTINGS, 1, 0, "");
      }
      if (frame.type == NGHTTP2_PING && !(frame.flags & 1)) {
        out += h2_frame(NGHTTP2_PING, 1, 0, frame.payload);
      }
      out += answer_(frame);
    }
  }

  std::unique_ptr<Listener> listener_;
  Answer answer_;
  Deferred<void> serving_;
};

}  // namespace berth::http
