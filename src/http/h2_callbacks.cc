#include "http/h2_callbacks.h"

#include <string_view>

#include "http/h2_conversation.h"

namespace berth::http {
namespace {

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

H2Stream* stream_of(nghttp2_session* session, std::int32_t id) {
  return static_cast<H2Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

bool ends_stream(const nghttp2_frame& frame) { return frame.hd.flags & NGHTTP2_FLAG_END_STREAM; }

bool begins_request(const nghttp2_frame& frame) {
  return frame.hd.type == NGHTTP2_HEADERS && frame.headers.cat == NGHTTP2_HCAT_REQUEST;
}

/// Frames that cost their sender nothing and us a little.
bool costs_nothing(const nghttp2_frame_hd& head) {
  switch (head.type) {
    case NGHTTP2_PING:
    case NGHTTP2_SETTINGS:
      return !(head.flags & NGHTTP2_FLAG_ACK);
    case NGHTTP2_PRIORITY:
      return true;
    case NGHTTP2_DATA:
      return head.length == 0 && !(head.flags & NGHTTP2_FLAG_END_STREAM);
    default:
      return false;
  }
}

}  // namespace

/// What nghttp2 calls; a friend of H2Conversation, whose address is `user`.
struct H2Callbacks {
  static H2Conversation& self(void* user) { return *static_cast<H2Conversation*>(user); }

  static int begin_frame(nghttp2_session*, const nghttp2_frame_hd* head, void* user) {
    self(user).progress_ = true;
    if (costs_nothing(*head)) self(user).count_control();
    return 0;
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (!begins_request(*frame)) return 0;
    std::int32_t id = frame->hd.stream_id;
    if (auto* stream = self(user).open(id)) {
      nghttp2_session_set_stream_user_data(session, id, stream);
    }
    return 0;
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    if (begins_request(*frame)) {
      stream->head.add(view(name, name_size), view(value, value_size));
    } else if (stream->trailers_in.size() < self(user).options_.head.headers_max) {
      stream->trailers_in.emplace_back(view(name, name_size), view(value, value_size));
    }
    return 0;
  }

  /// nghttp2 would leave the field out and go on; section 8.2.1 calls the request malformed.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, const std::uint8_t*,
                            std::size_t, const std::uint8_t*, std::size_t, std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame_received(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_RST_STREAM) self(user).count_reset();
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    if (!stream) return 0;
    if (ends_stream(*frame)) stream->end_content();
    if (begins_request(*frame)) self(user).answer(*stream);
    return 0;
  }

  static int invalid_frame(nghttp2_session*, const nghttp2_frame*, int, void* user) {
    self(user).count_reset();
    return 0;
  }

  static int data(nghttp2_session* session, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                  std::size_t size, void* user) {
    self(user).progress_ = true;
    auto* stream = stream_of(session, id);
    if (!stream) {
      nghttp2_session_consume_connection(session, size);
      return 0;
    }
    const Bytes& input = self(user).input_;
    auto* begin = reinterpret_cast<const char*>(data);
    bool within = begin >= input.data() && begin + size <= input.data() + input.size();
    stream->take(within ? input.slice(static_cast<std::size_t>(begin - input.data()), size)
                        : Bytes::copy({begin, size}));
    return 0;
  }

  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void*) {
    bool content = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    if (!content || !ends_stream(*frame)) return 0;
    auto* stream = stream_of(session, frame->hd.stream_id);
    // Answered before the request's end: the rest is not wanted (section 8.1).
    if (stream && !stream->remote_ended()) {
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, stream->id(), NGHTTP2_NO_ERROR);
    }
    return 0;
  }

  static int stream_closed(nghttp2_session* session, std::int32_t id, std::uint32_t, void* user) {
    if (auto* stream = stream_of(session, id)) self(user).closed(*stream);
    return 0;
  }
};

nghttp2_session* make_h2_session(H2Conversation& conversation, const H2Limits& limits) {
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
  nghttp2_option_set_max_outbound_ack(option, limits.acks_max);
  nghttp2_option_set_max_continuations(option, limits.continuations_max);
  // Closed streams are kept for priorities only, which are switched off.
  nghttp2_option_set_no_closed_streams(option, 1);
  made(nghttp2_session_server_new2(&session, callbacks, &conversation, option));
  nghttp2_option_del(option);
  nghttp2_session_callbacks_del(callbacks);
  return session;
}

}  // namespace berth::http
