#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "async/network.h"
#include "async/scope.h"
#include "async/sync.h"

namespace berth::http {

/// A frame of HTTP/2 as it stands on the wire (RFC 9113 section 4.1).
inline std::string h2_frame(int type, int flags, std::uint32_t stream, const std::string& payload) {
  std::string out;
  for (int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift);
  return out + payload;
}

/// A client of HTTP/2 for tests, by nghttp2: what it asks and hears is seen by the test. What it
/// does not `accept` stays in its windows.
class H2TestClient {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Answer {
    std::vector<int> statuses;
    Fields fields;
    Fields trailers;
    std::string content;
    bool ended = false;
    bool closed = false;
    std::uint32_t error = 0;

    int status() const { return statuses.empty() ? 0 : statuses.back(); }
    std::string field(const std::string& name) const {
      for (auto& [key, value] : fields) {
        if (key == name) return value;
      }
      return "";
    }
  };

  explicit H2TestClient(std::unique_ptr<ByteStream> stream, bool accept = true)
      : stream_(std::move(stream)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_option* option = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, accept ? 0 : 1);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_client_new2(&session, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, nullptr, 0);
    scope_.add(write_all());
    scope_.add(read_all());
  }
  ~H2TestClient() { nghttp2_session_del(session); }

  /// Without `content` the request ends with its head.
  std::int32_t ask(Fields fields, const std::string* content = nullptr, Fields trailers = {}) {
    Fields all{{":method", content ? "POST" : "GET"},
               {":scheme", "http"},
               {":authority", "a"},
               {":path", "/"}};
    for (auto& field : fields) {
      auto pseudo =
          std::ranges::find(all, field.first, &std::pair<std::string, std::string>::first);
      if (field.first.starts_with(':') && pseudo != all.end()) {
        pseudo->second = field.second;
      } else {
        all.push_back(field);
      }
    }
    auto given = std::make_unique<Given>(Given{content ? *content : "", std::move(trailers)});
    nghttp2_data_provider provider{{.ptr = given.get()}, read_content};
    auto values = values_of(all);
    std::int32_t id = nghttp2_submit_request(session, nullptr, values.data(), values.size(),
                                             content ? &provider : nullptr, nullptr);
    given_[id] = std::move(given);
    answers[id];
    flush();
    return id;
  }
  /// A POST with content of the test's own.
  std::int32_t ask_with(const Fields& fields, nghttp2_data_provider content) {
    Fields all{{":method", "POST"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}};
    all.insert(all.end(), fields.begin(), fields.end());
    auto values = values_of(all);
    std::int32_t id =
        nghttp2_submit_request(session, nullptr, values.data(), values.size(), &content, nullptr);
    answers[id];
    flush();
    return id;
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
    flush();
  }
  void accept(std::int32_t id, std::size_t bytes) {
    nghttp2_session_consume(session, id, bytes);
    flush();
  }
  void flush() { output_.set(); }
  ByteStream& stream() { return *stream_; }
  /// How much of a request's content has been sent.
  std::size_t sent(std::int32_t id) { return given_[id]->at; }

  nghttp2_session* session = nullptr;
  std::map<std::int32_t, Answer> answers;
  bool ended = false;  // the server has ended the connection
  int goaway = -1;     // its code
  std::int32_t goaway_last = 0;
  int pings = 0;

 private:
  struct Given {
    std::string content;
    Fields trailers;
    std::size_t at = 0;
  };
  static H2TestClient& self(void* user) { return *static_cast<H2TestClient*>(user); }
  static std::string text(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
  }
  static std::vector<nghttp2_nv> values_of(const Fields& fields) {
    auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    std::vector<nghttp2_nv> values;
    for (auto& [name, value] : fields) {
      values.push_back({bytes(name), bytes(value), name.size(), value.size(), 0});
    }
    return values;
  }
  static ssize_t read_content(nghttp2_session* session, std::int32_t id, std::uint8_t* to,
                              std::size_t room, std::uint32_t* flags, nghttp2_data_source* source,
                              void*) {
    auto& given = *static_cast<Given*>(source->ptr);
    std::size_t part = std::min(room, given.content.size() - given.at);
    std::memcpy(to, given.content.data() + given.at, part);
    given.at += part;
    if (given.at < given.content.size()) return static_cast<ssize_t>(part);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!given.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      auto values = values_of(given.trailers);
      nghttp2_submit_trailer(session, id, values.data(), values.size());
    }
    return static_cast<ssize_t>(part);
  }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    auto& answer = self(user).answers[frame->hd.stream_id];
    std::string key = text(name, name_size);
    if (key == ":status") {
      answer.statuses.push_back(std::stoi(text(value, value_size)));
    } else {
      bool trailer = frame->headers.cat == NGHTTP2_HCAT_HEADERS && answer.status() >= 200 &&
                     (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) && !answer.fields.empty();
      (trailer ? answer.trailers : answer.fields).emplace_back(key, text(value, value_size));
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      self(user).goaway = static_cast<int>(frame->goaway.error_code);
      self(user).goaway_last = frame->goaway.last_stream_id;
    }
    if (frame->hd.type == NGHTTP2_PING) ++self(user).pings;
    if ((frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA) &&
        (frame->hd.flags & NGHTTP2_FLAG_END_STREAM)) {
      self(user).answers[frame->hd.stream_id].ended = true;
    }
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).answers[id].content += text(data, size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers[id].closed = true;
    self(user).answers[id].error = error;
    return 0;
  }
  Deferred<void> read_all() {
    for (;;) {
      auto part = co_await stream_->read(65536).result();
      if (!part.ok() || part->empty()) break;
      nghttp2_session_mem_recv(session, reinterpret_cast<const std::uint8_t*>(part->data()),
                               part->size());
      flush();
    }
    ended = true;
  }
  Deferred<void> write_all() {
    for (;;) {
      const std::uint8_t* data = nullptr;
      auto size = nghttp2_session_mem_send(session, &data);
      if (size > 0) {
        auto sent = co_await stream_->write(Bytes::copy(text(data, static_cast<std::size_t>(size))))
                        .result();
        if (!sent.ok()) co_return;
        continue;
      }
      output_.reset();
      co_await output_.wait();
    }
  }

  std::unique_ptr<ByteStream> stream_;
  std::map<std::int32_t, std::unique_ptr<Given>> given_;
  Event output_;
  Scope scope_;
};

}  // namespace berth::http
