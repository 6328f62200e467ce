#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/disk.h"
#include "async/random.h"
#include "base/json.h"
#include "http/body.h"

namespace berth::http {

/// One part of multipart/form-data (RFC 7578).
struct Part {
  static Part field(std::string name, std::string value);
  /// Of a file, read from `disk`, which outlives the request, while it is sent. `filename` is what
  /// the server is told; empty: the last part of `path`.
  static Part file(Disk& disk, std::string name, std::string path, std::string filename = "",
                   std::string type = "application/octet-stream");

  std::string name;
  std::string filename;  // empty: none is told
  std::string type;      // empty: none is told
  Bytes text;
  Disk* disk = nullptr;  // of a file
  std::string path;
};

/// What a request carries, and of what type it is. Text and files are given anew for each attempt,
/// so that the request may be repeated and redirected; a stream goes once. A plain value.
class Content {
 public:
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  Content() = default;
  static Content text(std::string text, std::string type = "text/plain; charset=utf-8");
  static Content json(const Json& value);
  /// application/x-www-form-urlencoded.
  static Content form(const Pairs& pairs);
  /// multipart/form-data; files are opened when the request begins, and streamed. The boundary
  /// comes from `random`, so that no content can hold it.
  static Content multipart(std::vector<Part> parts, Random& random);
  /// Sent as it comes: with a length, or chunked.
  static Content stream(std::unique_ptr<BodySource> source, std::string type,
                        std::optional<std::uint64_t> length = std::nullopt);

  bool empty() const { return !open_; }
  const std::string& type() const { return type_; }
  bool repeatable() const { return repeatable_; }
  /// The body of the next attempt. Errors: those of the disk; conflict for a stream that went
  /// already.
  Deferred<Body> open() const { return open_(); }

 private:
  using Open = std::function<Deferred<Body>()>;
  Content(std::string type, Open open, bool repeatable)
      : type_(std::move(type)), open_(std::move(open)), repeatable_(repeatable) {}

  std::string type_;
  Open open_;
  bool repeatable_ = true;
};

}  // namespace berth::http
