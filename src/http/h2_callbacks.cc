#include "http/h2_callbacks.h"

#include <string_view>

#include "http/h2_memory.h"
#include "http/h2_session.h"

namespace berth::http {
namespace {

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

bool ends_stream(const nghttp2_frame& frame) { return frame.hd.flags & NGHTTP2_FLAG_END_STREAM; }

bool has_content(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA;
}

}  // namespace

/// What nghttp2 calls; a friend of H2Session, whose address is `user`.
struct H2Callbacks {
  static H2Session& self(void* user) { return *static_cast<H2Session*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    self(user).progress_ = true;
    self(user).frame_begins(*head);
    return 0;
  }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).head_id_ = 0;
    self(user).head_begins(*frame);
    return 0;
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    auto* stream = self(user).stream_of_head(frame->hd.stream_id);
    if (stream) self(user).field(*frame, *stream, view(name, name_size), view(value, value_size));
    return 0;
  }

  /// nghttp2 would leave the field out and go on; section 8.2.1 calls the message malformed.
  static int invalid_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t*,
                            std::size_t, const std::uint8_t*, std::size_t, std::uint8_t,
                            void* user) {
    self(user).frame_refused(*frame, NGHTTP2_ERR_HTTP_HEADER);
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto* stream = self(user).stream_of(frame->hd.stream_id);
    if (stream && has_content(*frame) && ends_stream(*frame)) stream->end_content();
    self(user).frame_received(*frame, stream);
    return 0;
  }

  static int invalid_frame(nghttp2_session*, const nghttp2_frame* frame, int why, void* user) {
    self(user).frame_refused(*frame, why);
    return 0;
  }

  static int data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                  std::size_t size, void* user) {
    self(user).progress_ = true;
    auto* stream = self(user).stream_of(id);
    if (stream) {
      const Bytes& input = self(user).input_;
      auto* begin = reinterpret_cast<const char*>(data);
      bool within = begin >= input.data() && begin + size <= input.data() + input.size();
      stream->take(within ? input.slice(static_cast<std::size_t>(begin - input.data()), size)
                          : Bytes::copy({begin, size}));
    }
    self(user).content_received(stream, size);
    return 0;
  }

  static int frame_sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).frame_sent(*frame, self(user).stream_of(frame->hd.stream_id));
    return 0;
  }

  static int stream_closed(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    if (auto* stream = self(user).stream_of(id)) self(user).stream_closed(*stream, code);
    return 0;
  }
};

nghttp2_session* make_h2_session(H2Session& owner, bool server, std::size_t acks_max,
                                 std::size_t continuations_max) {
  auto made = [](int answered) { check(answered == 0, "no memory for nghttp2"); };
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* option = nullptr;
  nghttp2_session* session = nullptr;
  made(nghttp2_session_callbacks_new(&callbacks));
  made(nghttp2_option_new(&option));
  using C = H2Callbacks;
  nghttp2_session_callbacks_set_on_begin_frame_callback(callbacks, C::begin_frame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, C::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, C::header);
  nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, C::invalid_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, C::frame_received);
  nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks, C::invalid_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, C::data);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, C::frame_sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, C::stream_closed);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_max_outbound_ack(option, acks_max);
  nghttp2_option_set_max_continuations(option, continuations_max);
  // Closed streams are kept for priorities only, which are switched off.
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_mem memory = h2_memory();
  made(server ? nghttp2_session_server_new3(&session, callbacks, &owner, option, &memory)
              : nghttp2_session_client_new3(&session, callbacks, &owner, option, &memory));
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

}  // namespace berth::http
