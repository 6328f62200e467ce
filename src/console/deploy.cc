#include "console/deploy.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/clock.h"
#include "base/json_writer.h"
#include "base/strings.h"
#include "console/request_body.h"
#include "placement/system_file.h"
#include "proxy/gateway/public_route.h"

namespace berth::console {
namespace {

using http::ServerResponse;

constexpr Duration look_again = 1s;  // also when nothing changed: limits pass, reasons change

/// Tells the progress of one deploy as it happens.
class DeployStream final : public http::BodySource {
 public:
  DeployStream(const Sources& sources, DeployProgress progress, std::uint64_t revision,
               std::shared_ptr<std::size_t> watched)
      : sources_(sources),
        progress_(std::move(progress)),
        revision_(revision),
        watched_(std::move(watched)) {
    ++*watched_;
  }
  ~DeployStream() override { --*watched_; }

  Deferred<Bytes> read() override {
    if (std::exchange(said_, Said::progress) == Said::nothing) {
      co_return Bytes::copy(progress_.plan_line());
    }
    if (over_) co_return Bytes();
    co_await sources_.mirror.reached(revision_);
    for (;;) {
      std::string lines = look();
      if (!lines.empty()) co_return Bytes::copy(lines);
      auto changed =
          co_await with_timeout(sources_.world.clock, look_again, sources_.mirror.changed())
              .result();
      if (!changed.ok() && !changed.error().is(Code::timed_out)) {
        co_return std::move(changed).error();
      }
    }
  }

 private:
  enum class Said : std::uint8_t { nothing, progress };

  std::string look() {
    auto& state = sources_.mirror.state();
    WallTime now = sources_.world.clock.wall();
    std::string lines = progress_.look(state, now, sources_.waits);
    if (progress_.ended()) {
      lines += progress_.end(state, now);
      over_ = true;
    }
    return lines;
  }

  const Sources& sources_;
  DeployProgress progress_;
  std::uint64_t revision_;
  std::shared_ptr<std::size_t> watched_;
  Said said_ = Said::nothing;
  bool over_ = false;
};

ServerResponse problems_answer(const std::vector<placement::Problem>& problems) {
  std::string text;
  JsonWriter out(text);
  std::string detail = problems.front().line_text();
  if (problems.size() > 1) detail += fmt::format(" (and {} more)", problems.size() - 1);
  out.begin_object();
  out.member("type", "about:blank").member("title", http::reason_of(422)).member("status", 422);
  out.member("detail", detail);
  out.key("problems").begin_array();
  for (auto& problem : problems) {
    out.begin_object().member("file", problem.file).member("line", problem.line);
    out.member("column", problem.column).member("text", problem.text);
    if (!problem.expected.empty()) out.member("expected", problem.expected);
    if (!problem.nearest.empty()) out.member("nearest", problem.nearest);
    out.end_object();
  }
  out.end_array().end_object();
  return {422,
          {{"content-type", "application/problem+json"}, {"cache-control", "no-store"}},
          http::Body(std::move(text))};
}

Result<placement::SystemFiles> files_of(const Json& json) {
  placement::SystemFiles files;
  files.route_keys = proxy::gateway::check_public_route;
  files.folder = TRY(json.string_at("folder"));
  if (!files.folder.starts_with('/')) {
    return Error(Code::invalid, "'folder' must be an absolute path, found '" + files.folder + "'");
  }
  files.environment = std::string(json["environment"].string_or("dev"));
  for (auto& [path, text] : json["files"].members()) {
    if (!text.is_string()) {
      return Error(Code::invalid, "'files' must hold the text of '" + path + "'");
    }
    files.texts[path] = *text.string();
  }
  if (!files.texts.contains("berth.toml")) {
    return Error(Code::invalid, "'files' must hold 'berth.toml'");
  }
  return files;
}

/// The services that the change is limited to; not_found for one that the file does not have.
Result<std::vector<std::string>> only_of(const Json& json, const placement::SystemSpec& spec) {
  std::vector<std::string> only;
  for (auto& each : json["services"].items()) {
    std::string name(each.string_or(""));
    if (!spec.find(name)) {
      std::vector<std::string_view> names;
      for (auto& service : spec.services) names.push_back(service.name);
      auto nearest = nearest_word(name, names);
      return Error(Code::not_found,
                   fmt::format("the file has no service '{}'", name) +
                       (nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
    }
    only.push_back(std::move(name));
  }
  return only;
}

}  // namespace

struct Deploys::Asked {
  placement::SystemSpec spec;
  std::vector<std::string> only;
  std::optional<ServerResponse> refused;
};

Deferred<Deploys::Asked> Deploys::read(http::ServerRequest& request) const {
  Asked asked;
  JsonBody body = co_await read_json_body(request, deploy_bytes_max);
  if (body.refused) {
    asked.refused = std::move(body.refused);
    co_return asked;
  }
  auto files = co_await or_return(files_of(body.json));
  auto read = placement::read_system(files);
  if (!read.problems.empty()) {
    asked.refused = problems_answer(read.problems);
    co_return asked;
  }
  auto& running = sources_.mirror.state().system.name;
  if (!running.empty() && running != read.spec.name) {
    asked.refused = ServerResponse::problem(
        409, fmt::format("the system that runs here is '{}', the file describes '{}'", running,
                         read.spec.name));
    co_return asked;
  }
  asked.only = co_await or_return(only_of(body.json, read.spec));
  asked.spec = std::move(read.spec);
  co_return asked;
}

Deferred<ServerResponse> Deploys::plan(http::ServerRequest& request) {
  Asked asked = co_await read(request);
  if (asked.refused) co_return std::move(*asked.refused);
  std::string text;
  JsonWriter out(text);
  out.begin_object();
  write_changes(out, placement::plan(sources_.mirror.state(), asked.spec, asked.only));
  out.end_object();
  co_return ServerResponse::json(std::move(text));
}

Deferred<ServerResponse> Deploys::deploy(http::ServerRequest& request) {
  if (*watched_ >= options_.deploys_max) {
    co_return ServerResponse::problem(
        503, fmt::format("{} deploys are under way already; try again later", *watched_));
  }
  Asked asked = co_await read(request);
  if (asked.refused) co_return std::move(*asked.refused);
  auto& state = sources_.mirror.state();
  DeployProgress progress(placement::plan(state, asked.spec, asked.only), state,
                          sources_.world.clock.wall());
  std::uint64_t revision =
      co_await sources_.changes.deploy(std::move(asked.spec), std::move(asked.only));
  ServerResponse response{
      200, {{"content-type", "application/x-ndjson"}, {"cache-control", "no-store"}}, {}};
  response.body =
      http::Body(std::make_unique<DeployStream>(sources_, std::move(progress), revision, watched_));
  co_return response;
}

}  // namespace berth::console
