#include "runtime/docker_images.h"

#include <deque>

#include "async/clock.h"
#include "base/strings.h"
#include "runtime/build_context.h"

namespace berth::runtime {
namespace {

constexpr Duration pull_timeout = 2min;  // until the Engine begins to tell
constexpr std::size_t last_lines = 3;    // of a build, that its failure tells

/// What a build has said last, without the steps' own marks.
class LastLines {
 public:
  void add(std::string_view text) {
    for (auto line : split(text, '\n')) {
      line = trim(line);
      if (line.empty() || line.starts_with("Step ") || line.starts_with("---> ") ||
          line.starts_with("Removing intermediate container")) {
        continue;
      }
      lines_.emplace_back(line);
      if (lines_.size() > last_lines) lines_.pop_front();
    }
  }
  std::string text() const {
    std::string out;
    for (auto& line : lines_) out += (out.empty() ? " (" : " / ") + line;
    return out.empty() ? "" : out + ")";
  }

 private:
  std::deque<std::string> lines_;
};

std::string label_filter(std::string_view state_id, std::string_view service) {
  Json labels = Json::array();
  labels.add("berth.state=" + std::string(state_id));
  labels.add("berth.service=" + std::string(service));
  Json filters = Json::object();
  filters.set("label", std::move(labels));
  return filters.text();
}

std::string build_target(const placement::ServiceSpec& service, std::uint64_t version,
                         const std::string& state_id, const std::string& image) {
  Json labels = Json::object();
  labels.set("berth.state", state_id);
  labels.set("berth.service", service.name);
  labels.set("berth.version", std::to_string(version));
  return "/build" + docker_query({{"t", image},
                                  {"dockerfile", "Dockerfile"},
                                  {"rm", "1"},
                                  {"forcerm", "1"},
                                  {"labels", labels.text()}});
}

}  // namespace

std::pair<std::string, std::string> image_and_tag(std::string_view image) {
  if (image.find('@') != std::string_view::npos) return {std::string(image), ""};
  std::size_t colon = image.rfind(':');
  std::size_t slash = image.rfind('/');
  if (colon == std::string_view::npos || (slash != std::string_view::npos && slash > colon)) {
    return {std::string(image), "latest"};
  }
  return {std::string(image.substr(0, colon)), std::string(image.substr(colon + 1))};
}

std::string DockerImages::image_of(const placement::ServiceSpec& service, std::uint64_t version,
                                   const std::string& state_id) {
  if (service.source == placement::ServiceSpec::Source::image) return service.run;
  return "berth/" + service.name + ":" + state_id + "-v" + std::to_string(version);
}

Deferred<void> DockerImages::prepare(placement::ServiceSpec service, std::uint64_t version,
                                     std::string state_id, Progress progress) {
  std::string image = image_of(service, version, state_id);
  auto there = co_await api_.call("GET", "/images/" + image + "/json").result();
  if (there.ok()) co_return;
  if (!there.error().is(Code::not_found)) co_await fail_with(there.error());
  if (service.source == placement::ServiceSpec::Source::image) {
    co_await pull(std::move(image), std::move(progress));
  } else {
    co_await build(service, version, state_id, std::move(progress));
    (void)co_await remove_old(service.name, version, state_id).result();
  }
}

Deferred<void> DockerImages::pull(std::string image, Progress progress) {
  auto [name, tag] = image_and_tag(image);
  std::vector<std::pair<std::string, std::string>> parameters{{"fromImage", name}};
  if (!tag.empty()) parameters.emplace_back("tag", tag);
  std::string what = "the image " + image + " is not on this host and cannot be pulled";
  auto answer =
      co_await api_.open("POST", "/images/create" + docker_query(parameters), {}, "", pull_timeout)
          .result();
  if (!answer.ok()) {
    Error error = answer.error();
    if (error.is(Code::cancelled)) co_await fail_with(error);
    co_await fail_with(Error(error.code(), what + ": " + std::string(error.message())));
  }
  DockerJsonStream lines(std::move(*answer));
  for (;;) {
    auto line = co_await lines.next();
    if (!line) break;
    if (auto* error = line->find("error")) {
      co_await fail_with(Error(Code::not_found, what + ": " + std::string(error->string_or(""))));
    }
    if (progress) progress((*line)["status"].string_or(""));
  }
}

Deferred<void> DockerImages::build(placement::ServiceSpec service, std::uint64_t version,
                                   std::string state_id, Progress progress) {
  auto entries = co_await build_context(api_.world().disk, service.run);
  std::string image = image_of(service, version, state_id);
  auto archive =
      std::make_unique<TarSource>(api_.world().disk, std::move(entries), api_.world().clock.wall());
  std::string what = "building " + service.run + " for " + service.name + " failed: ";
  auto answer = co_await api_
                    .open("POST", build_target(service, version, state_id, image),
                          http::Body(std::move(archive)), "application/x-tar", build_timeout)
                    .result();
  if (!answer.ok()) {
    Error error = answer.error();
    if (error.is(Code::cancelled)) co_await fail_with(error);
    co_await fail_with(Error(error.code(), what + std::string(error.message())));
  }
  DockerJsonStream lines(std::move(*answer));
  LastLines said;
  for (;;) {
    auto line = co_await lines.next();
    if (!line) break;
    if (auto* error = line->find("error")) {
      co_await fail_with(
          Error(Code::invalid, what + std::string(trim(error->string_or(""))) + said.text()));
    }
    std::string_view text = (*line)["stream"].string_or("");
    said.add(text);
    if (progress) progress(text);
  }
}

Deferred<void> DockerImages::remove_old(std::string service, std::uint64_t version,
                                        std::string state_id) {
  std::string list = "/images/json" + docker_query({{"filters", label_filter(state_id, service)}});
  Json images = co_await api_.call("GET", std::move(list));
  for (auto& image : images.items()) {
    auto of = parse_integer<std::uint64_t>(image["Labels"]["berth.version"].string_or(""));
    if (!of.ok() || *of + versions_kept >= version) continue;
    std::string id(image["Id"].string_or(""));
    auto removed = co_await api_.call("DELETE", "/images/" + id + "?force=1").result();
    if (removed.ok()) continue;
    log_.info("an old image stays", {{"image", id}, {"error", removed.error()}});
  }
}

}  // namespace berth::runtime
