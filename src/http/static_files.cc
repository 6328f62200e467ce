#include "http/static_files.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "http/negotiation.h"
#include "http/url.h"

namespace berth::http {
namespace {

struct Media {
  std::string_view ending;
  std::string_view type;
};
constexpr Media media[] = {
    {".css", "text/css; charset=utf-8"},
    {".csv", "text/csv; charset=utf-8"},
    {".gif", "image/gif"},
    {".htm", "text/html; charset=utf-8"},
    {".html", "text/html; charset=utf-8"},
    {".ico", "image/x-icon"},
    {".jpeg", "image/jpeg"},
    {".jpg", "image/jpeg"},
    {".js", "text/javascript; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".md", "text/markdown; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".mp4", "video/mp4"},
    {".pdf", "application/pdf"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
    {".wasm", "application/wasm"},
    {".webp", "image/webp"},
    {".woff2", "font/woff2"},
    {".xml", "application/xml"},
    {".zip", "application/zip"},
};

struct Twin {
  std::string_view coding;
  std::string_view ending;
};
constexpr std::array<Twin, 2> twins{{{"br", ".br"}, {"gzip", ".gz"}}};

/// True if each segment names a file or folder below, and none is hidden.
bool allowed(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != path.npos) return false;
  auto segments = split(path.substr(1), '/');
  for (std::size_t i = 0; i < segments.size(); ++i) {
    bool last = i + 1 == segments.size();
    if (segments[i].starts_with('.') || (segments[i].empty() && !last)) return false;
  }
  return true;
}

/// Part of a file, read as it is asked for, or sent by whoever can.
class FileSource final : public BodySource {
 public:
  FileSource(std::unique_ptr<File> file, std::uint64_t first, std::uint64_t length,
             std::size_t read_bytes)
      : file_(std::move(file)), left_{file_.get(), first, length}, read_bytes_(read_bytes) {}
  Deferred<Bytes> read() override {
    if (left_.length == 0) co_return Bytes();
    auto wanted = std::min<std::uint64_t>(left_.length, read_bytes_);
    Bytes part = co_await file_->read(left_.offset, wanted);
    if (part.empty()) co_return Error(Code::io, "a file became shorter while it was sent");
    left_.offset += part.size();
    left_.length -= part.size();
    co_return part;
  }
  const FilePart* file_part() const override { return &left_; }

 private:
  std::unique_ptr<File> file_;
  FilePart left_;
  std::size_t read_bytes_;
};

std::string quoted(std::uint64_t version, std::string_view coding) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string etag = "\"";
  for (int shift = 60; shift >= 0; shift -= 4) etag += digits[version >> shift & 15];
  if (!coding.empty()) etag.append("-").append(coding);
  return etag + "\"";
}

ServerResponse missing(std::string_view path) {
  return ServerResponse::problem(404, "there is no file " + std::string(path));
}

/// Relative (RFC 9110 section 10.2.2), so that it is right wherever the folder is mounted.
ServerResponse slashed(const RequestHead& request, std::string_view path) {
  ServerResponse moved;
  moved.status = 308;
  std::string to = percent_encode(path.substr(path.rfind('/') + 1)) + "/";
  if (request.target.contains('?')) to.append("?").append(request.query());
  moved.headers.emplace_back("location", std::move(to));
  return moved;
}

}  // namespace

struct StaticFiles::Found {
  OpenedFile file;
  std::string_view type;
  std::string_view coding;
  std::string etag;
};

std::string_view media_type(std::string_view file_name) {
  for (auto& each : media) {
    if (file_name.size() > each.ending.size() &&
        equal_ignoring_case(file_name.substr(file_name.size() - each.ending.size()), each.ending)) {
      return each.type;
    }
  }
  return "application/octet-stream";
}

Deferred<StaticFiles::Found> StaticFiles::find(const Headers& headers, std::string path) const {
  Found found;
  found.type = media_type(path);
  std::string plain = folder_ + path;
  for (auto& twin : twins) {
    if (!options_.twins || found.file.file || !accepts_coding(headers, twin.coding)) continue;
    auto opened = co_await disk_.open_to_read(plain + std::string(twin.ending)).result();
    if (!opened.ok()) continue;
    found.file = std::move(*opened);
    found.coding = twin.coding;
  }
  if (!found.file.file) found.file = co_await disk_.open_to_read(plain);
  found.etag = quoted(found.file.version, found.coding);
  co_return std::move(found);
}

Deferred<ServerResponse> StaticFiles::answer(const RequestHead& request, std::string path) const {
  if (request.method != "GET" && request.method != "HEAD") {
    auto refused = ServerResponse::problem(405, "files are read by GET and HEAD");
    refused.headers.emplace_back("allow", "GET, HEAD");
    co_return std::move(refused);
  }
  if (!allowed(path)) co_return missing(path);
  if (path.ends_with('/')) path += options_.index;
  auto answered = co_await read(request, path).result();
  if (answered.ok()) co_return std::move(*answered);
  // A folder cannot be read.
  bool folder = (co_await disk_.list(folder_ + path).result()).ok();
  if (folder && options_.slash_folders) co_return slashed(request, path);
  if (folder || answered.error().is(Code::not_found)) co_return missing(path);
  co_return std::move(answered).error();
}

Deferred<ServerResponse> StaticFiles::read(const RequestHead& request, std::string path) const {
  auto& headers = request.headers;
  Found found = co_await find(headers, std::move(path));
  ServerResponse response;
  response.headers = {{"etag", found.etag},
                      {"cache-control", options_.cache_control},
                      {"accept-ranges", "bytes"},
                      {"x-content-type-options", "nosniff"}};
  if (options_.twins) response.headers.emplace_back("vary", "accept-encoding");
  // Section 13.2.2 gives the order of these conditions.
  if (headers.find("if-match") && !lists_etag(headers, "if-match", found.etag, true)) {
    co_return ServerResponse::problem(412, "the file is another now");
  }
  if (lists_etag(headers, "if-none-match", found.etag)) {
    response.status = 304;
    co_return std::move(response);
  }
  auto* if_range = headers.find("if-range");
  bool ranged = request.method == "GET" && (!if_range || if_range->value == found.etag);
  RangeChoice range = choose_range(ranged ? headers.value("range") : "", found.file.size);
  if (range.kind == RangeChoice::Kind::unsatisfiable) {
    auto refused =
        ServerResponse::problem(416, "the file has " + std::to_string(found.file.size) + " bytes");
    refused.headers.emplace_back("content-range", "bytes */" + std::to_string(found.file.size));
    co_return std::move(refused);
  }
  if (range.kind == RangeChoice::Kind::whole) {
    range.length = found.file.size;
  } else {
    response.status = 206;
    response.headers.emplace_back("content-range",
                                  "bytes " + std::to_string(range.first) + "-" +
                                      std::to_string(range.first + range.length - 1) + "/" +
                                      std::to_string(found.file.size));
  }
  response.headers.emplace_back("content-type", found.type);
  if (!found.coding.empty()) response.headers.emplace_back("content-encoding", found.coding);
  auto source = std::make_unique<FileSource>(std::move(found.file.file), range.first, range.length,
                                             options_.read_bytes);
  if (range.length <= options_.read_bytes) {
    response.body = Body(co_await read_all(*source, options_.read_bytes));
  } else {
    response.body = Body(std::move(source), range.length);
  }
  co_return std::move(response);
}

}  // namespace berth::http
