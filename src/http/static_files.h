#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "async/disk.h"
#include "http/server.h"

namespace berth::http {

struct StaticFilesOptions {
  std::string cache_control = "no-cache";  // "ask each time", which the ETag makes cheap
  std::string index = "index.html";        // for paths that end with '/'
  bool twins = true;                       // "app.js.br", "app.js.gz" beside "app.js"
  std::size_t read_bytes = 64 << 10;       // at a time; a file up to that is sent in one piece
  bool slash_folders = false;              // "/css", a folder, is sent on to "css/"; else 404
};

/// Answers with the files below one folder (RFC 9110): GET and HEAD, ETags with If-None-Match,
/// If-Match and If-Range, one range at a time, and compressed twins for who takes them. Paths
/// cannot leave the folder by their text; symbolic links are followed, so whoever may write there
/// decides. Files and folders whose names begin with a dot are not there. `disk` outlives it and
/// its answers.
class StaticFiles {
 public:
  StaticFiles(Disk& disk, std::string folder, StaticFilesOptions options = {})
      : disk_(disk), folder_(std::move(folder)), options_(std::move(options)) {}

  /// `path` is decoded, and relative to the folder: "/css/site.css". 404, 405, 412 and 416 are
  /// answers; errors are those of the disk.
  Deferred<ServerResponse> answer(const RequestHead& request, std::string path) const;
  Deferred<ServerResponse> answer(const ServerRequest& request, std::string path) const {
    return answer(request.head, std::move(path));
  }

 private:
  struct Found;
  Deferred<Found> find(const Headers& headers, std::string path) const;
  Deferred<ServerResponse> read(const RequestHead& request, std::string path) const;

  Disk& disk_;
  std::string folder_;
  StaticFilesOptions options_;
};

/// By the name's ending; "application/octet-stream" for others.
std::string_view media_type(std::string_view file_name);

}  // namespace berth::http
