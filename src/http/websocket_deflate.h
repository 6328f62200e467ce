#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct z_stream_s;

namespace berth::http {

/// What both sides have agreed on for permessage-deflate (RFC 7692 section 7.1). Without context
/// takeover each message is compressed by itself, and no memory is held between messages.
struct DeflateTerms {
  bool server_keeps_context = false;
  bool client_keeps_context = false;
  int server_window_bits = 15;  // 9 to 15
  int client_window_bits = 15;
};

/// Undoes the compression of one direction's messages.
class MessageInflater {
 public:
  explicit MessageInflater(bool keep_context);
  ~MessageInflater();

  /// `message` as it came, without the four bytes that its sender has left out. invalid: it is no
  /// deflate stream; overloaded: its content is longer than `bytes_max`.
  Result<std::string> inflate(std::string message, std::size_t bytes_max);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };
  Result<void> run(std::string& out, std::size_t bytes_max);

  bool keep_context_;
  std::unique_ptr<z_stream_s, End> stream_;
};

/// Compresses one direction's messages.
class MessageDeflater {
 public:
  MessageDeflater(bool keep_context, int window_bits);
  ~MessageDeflater();

  /// `message` is not empty; a message that does not get shorter is as good.
  std::string deflate(std::string_view message);

 private:
  struct End {
    void operator()(z_stream_s* stream) const;
  };

  bool keep_context_;
  int window_bits_;
  std::unique_ptr<z_stream_s, End> stream_;
};

}  // namespace berth::http
