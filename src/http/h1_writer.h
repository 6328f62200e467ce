#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "async/network.h"
#include "http/body.h"
#include "http/message.h"

namespace berth::http {

/// Appends "name: value CR LF". The caller has made sure that neither holds a line end.
void append_header(std::string& out, std::string_view name, std::string_view value);
/// True if the value may be written into a head: no CR, LF or NUL.
bool writable_value(std::string_view value);

/// Where a connection builds one head after another, in memory that it uses again as soon as the
/// stream has let go of it.
class HeadBuffer {
 public:
  static constexpr std::size_t bytes_min = 1024;

  HeadBuffer() = default;
  HeadBuffer(const HeadBuffer&) = delete;
  HeadBuffer& operator=(const HeadBuffer&) = delete;
  ~HeadBuffer();

  HeadBuffer& append(std::string_view text) {
    make_room(text.size());
    put(text);
    return *this;
  }
  HeadBuffer& append(std::size_t number);
  void append_header(std::string_view name, std::string_view value) {
    make_room(name.size() + value.size() + 4);
    put(name), put(": "), put(value), put("\r\n");
  }
  /// What was appended since the last take.
  Bytes take();

 private:
  void make_room(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(end_ - at_)) grow(bytes);
  }
  void put(std::string_view text) { at_ += text.copy(at_, text.size()); }
  void grow(std::size_t bytes);

  Block* block_ = nullptr;
  char* at_ = nullptr;  // where the next byte goes; both null: nothing was appended since a take
  char* end_ = nullptr;
};

/// The HeadBuffers of many connections, of which only those that answer need one.
class HeadBuffers {
 public:
  static constexpr std::size_t kept_max = 64;

  HeadBuffers() { free_.reserve(kept_max); }
  /// One of them, for as long as it lives.
  class Lease {
   public:
    explicit Lease(HeadBuffers& of);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    HeadBuffer& operator*() { return *buffer_; }

   private:
    HeadBuffers& of_;
    std::unique_ptr<HeadBuffer> buffer_;
  };

 private:
  std::vector<std::unique_ptr<HeadBuffer>> free_;
};

/// Sends a head that is complete but for the body's framing and the final empty line, which this
/// adds, then the body; `with_body` false leaves the body out (HEAD). Ends with what the stream
/// answered. `head` outlives it.
Deferred<void> write_message(ByteStream& stream, HeadBuffer& head, Body body,
                             bool with_body = true);
/// The same for a head that is made for this message only.
Deferred<void> write_message(ByteStream& stream, std::string head, Body body,
                             bool with_body = true);

}  // namespace berth::http
