#include "http/multipart.h"

#include <algorithm>
#include <array>
#include <deque>

#include "http/h1_writer.h"

namespace berth::http {
namespace {

constexpr std::size_t piece_bytes = 64 << 10;

/// As WHATWG's HTML has it for multipart/form-data.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r') {
      out += "%0D";
    } else if (c == '\n') {
      out += "%0A";
    } else {
      out += c;
    }
  }
  return out += '"';
}

std::string head_of(const Part& part, const std::string& boundary) {
  std::string head = "--" + boundary + "\r\ncontent-disposition: form-data; name=";
  head += quoted(part.name);
  if (!part.filename.empty()) head += "; filename=" + quoted(part.filename);
  if (!part.type.empty()) head += "\r\ncontent-type: " + part.type;
  return head += "\r\n\r\n";
}

/// Text, or a file.
struct Piece {
  Bytes text;
  std::unique_ptr<File> file;
  std::uint64_t size = 0;
  std::string path;
};

class Pieces final : public BodySource {
 public:
  void add(Bytes text) {
    length_ += text.size();
    if (!text.empty()) pieces_.push_back({std::move(text), nullptr, 0, ""});
  }
  void add(std::unique_ptr<File> file, std::uint64_t size, std::string path) {
    length_ += size;
    if (size > 0) pieces_.push_back({Bytes(), std::move(file), size, std::move(path)});
  }
  std::uint64_t length() const { return length_; }

  Deferred<Bytes> read() override {
    if (pieces_.empty()) return ready(Bytes());
    if (pieces_.front().file) return read_file();
    Bytes text = std::move(pieces_.front().text);
    pieces_.pop_front();
    return ready(std::move(text));
  }

 private:
  Deferred<Bytes> read_file() {
    Piece& piece = pieces_.front();
    std::uint64_t wanted = std::min<std::uint64_t>(piece.size - offset_, piece_bytes);
    Bytes part = co_await piece.file->read(offset_, wanted);
    if (part.size() < wanted) {
      co_return Error(Code::invalid, piece.path + " became shorter while it was sent");
    }
    offset_ += part.size();
    if (offset_ == piece.size) {
      pieces_.pop_front();
      offset_ = 0;
    }
    co_return std::move(part);
  }

  std::deque<Piece> pieces_;
  std::uint64_t offset_ = 0;  // in the first, if it is a file
  std::uint64_t length_ = 0;
};

}  // namespace

std::string make_boundary(Random& random) {
  std::array<unsigned char, 16> bytes{};
  random.secret_bytes(bytes.data(), bytes.size());
  std::string boundary;
  for (unsigned char byte : bytes) {
    boundary += "0123456789abcdef"[byte >> 4];
    boundary += "0123456789abcdef"[byte & 15];
  }
  return boundary;
}

Deferred<Body> open_multipart(std::shared_ptr<const std::vector<Part>> parts,
                              std::string boundary) {
  auto pieces = std::make_unique<Pieces>();
  for (const Part& part : *parts) {
    if (!writable_value(part.type)) co_return Error(Code::invalid, "a part's type with a line end");
    pieces->add(Bytes::copy(head_of(part, boundary)));
    if (part.disk) {
      auto file = co_await part.disk->open(part.path, OpenMode::read);
      std::uint64_t size = co_await file->size();
      pieces->add(std::move(file), size, part.path);
    } else {
      pieces->add(part.text);
    }
    pieces->add(Bytes::literal("\r\n"));
  }
  pieces->add(Bytes::copy("--" + boundary + "--\r\n"));
  std::uint64_t length = pieces->length();
  co_return Body(std::move(pieces), length);
}

}  // namespace berth::http
