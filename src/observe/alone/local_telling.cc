#include "observe/alone/local_telling.h"

#include "base/strings.h"
#include "observe/alerts/default_alerts.h"
#include "observe/file_text.h"

namespace berth::observe {

LocalTelling::LocalTelling(World& world, Log log, const std::string& folder, std::string file,
                           streams::StreamCore& core, SeriesSource& series)
    : world_(world),
      log_(log),
      file_(std::move(file)),
      telling_(world, log, folder, core, series),
      files_(world) {}

Deferred<void> LocalTelling::start() {
  co_await reload();
  if (!right_) co_await apply("");
  if (file_.empty()) co_return;
  files_.set({file_});
  scope_.add(files_.watch([this] { return reload(); }));
}

Deferred<void> LocalTelling::close() {
  co_await scope_.close();
  co_await telling_.close();
}

/// What cannot be applied (a secret's file that is not there) gives place to what ran before.
Deferred<void> LocalTelling::reload() {
  std::string text = co_await file_text(world_.disk, file_, file_bytes_max);
  auto applied = co_await apply(text).result();
  if (applied.ok()) {
    problem_.clear();
    if (!text.empty()) log_.info("the file was applied", {{"file", file_}});
    co_return;
  }
  problem_ = applied.error().text();
  log_.error("the file is wrong; what runs goes on as it was", {{"file", file_}});
  for (auto line : split(problem_, '\n')) log_.error(line);
  if (!right_ || telling_.alerts()) co_return;
  auto again = co_await apply(*right_).result();
  if (!again.ok()) log_.error("nor does what ran before run", {{"error", again.error()}});
}

Deferred<void> LocalTelling::apply(const std::string& text) {
  std::size_t slash = file_.rfind('/');
  std::string name = slash == file_.npos ? file_ : file_.substr(slash + 1);
  std::string folder = slash == file_.npos ? "" : file_.substr(0, slash);
  auto file = co_await or_return(read_telling_file(text, name, folder, default_alerts));
  co_await telling_.apply(std::move(file));
  right_ = text;
}

void LocalTelling::add_routes(http::Router& router) {
  telling_.add_routes(router);
  router.add("GET", "/v1/alerts/file", [this](http::ServerRequest&) {
    Json out = Json::object();
    out.add_member("file", file_).add_member("problem", problem_);
    return ready(http::ServerResponse::json_value(out));
  });
}

}  // namespace berth::observe
