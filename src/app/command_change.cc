#include <fmt/format.h>

#include <functional>
#include <utility>

#include "app/commands.h"
#include "app/exit_code.h"
#include "app/tables.h"
#include "app/words.h"
#include "base/units.h"

// scale, rollback, restart, rm, which watch until what they asked for is there, and kill.

namespace berth::app {
namespace {

struct Outcome {
  int code = exit_done;
  std::string text;
};
/// Looks at a state, and at the service in it (null if it is not there): nothing while under way.
using Look = std::function<std::optional<Outcome>(const Json& state, const Json& service)>;

const Json& service_in(const Json& state, const std::string& name) {
  static const Json none;
  for (auto& service : state["services"].items()) {
    if (service["name"].string_or("") == name) return service;
  }
  return none;
}

std::string how_many(const Json& service) {
  return fmt::format("{} of {} healthy", text_or_dash(service["healthy"]),
                     text_or_dash(service["wanted"]));
}

/// One change of one service, from the request to its effect.
class Change {
 public:
  Change(Session& session, ApiClient& api, std::string name)
      : session_(session), api_(api), name_(std::move(name)) {}

  /// Sends it; then, if it is to be waited for, prints what happens until `look` answers.
  static Deferred<int> make(std::shared_ptr<Change> self, std::string verb, std::string body,
                            Waiting waiting, Look look) {
    const Output& output = self->session_.output;
    MonotonicTime begun = self->session_.reactor.now();
    Json answer =
        co_await self->api_.post("/v1/services/" + self->name_ + "/" + verb, std::move(body));
    if (output.json) {
      output.line(answer.text());
    } else {
      output.line(text_of(answer["text"]));
    }
    if (!waiting.wait) co_return exit_done;
    auto revision = answer["revision"].integer().value_or(0);
    auto outcome = co_await with_timeout(self->session_.reactor, waiting.limit,
                                         watch(self, revision, std::move(look)))
                       .result();
    if (!outcome.ok() && outcome.error().is(Code::timed_out)) co_return self->too_long(waiting);
    Outcome known = co_await or_return(std::move(outcome));
    std::string took = format_duration(self->session_.reactor.now() - begun);
    std::string text = fmt::format("{} in {}", known.text, took);
    if (known.code != exit_done) {
      output.err("berth: " + text + "\n");
    } else if (!output.json) {
      output.line(output.style.green(text));
    }
    co_return known.code;
  }

  /// The state before the change: what the feed had already.
  void begin(const Json& state) { note_feed(state, false); }

 private:
  static Deferred<Outcome> watch(std::shared_ptr<Change> self, std::int64_t revision, Look look) {
    EventStream events = co_await self->api_.events("/v1/live?service=" + self->name_);
    Json state;
    for (;;) {
      ServerEvent event = co_await events.next();
      if (event.name != "state" && event.name != "service") continue;
      Json data = co_await or_return(Json::parse(event.data));
      bool is_state = event.name == "state";
      if (is_state) {
        state = std::exchange(data, Json());
        self->note_feed(state, !self->session_.output.json);
        self->seen_ = service_in(state, self->name_);
      }
      if (state["revision"].integer().value_or(0) < revision) continue;
      // The state alone tells when the service is gone; all else needs its rollouts.
      if (is_state && !self->seen_.is_null()) continue;
      if (auto outcome = look(state, data)) co_return std::move(*outcome);
    }
  }

  void note_feed(const Json& state, bool print) {
    auto& feed = state["feed"].items();
    for (auto entry = feed.rbegin(); entry != feed.rend(); ++entry) {
      auto id = (*entry)["id"].integer().value_or(0);
      if (id <= last_id_) continue;
      last_id_ = id;
      if (!print || (*entry)["service"].string_or("") != name_) continue;
      session_.output.line(feed_line(*entry, session_.output.style));
    }
  }

  Error too_long(const Waiting& waiting) const {
    std::string why = text_of(seen_["why"]);
    return {Code::conflict,
            fmt::format("{} is not there yet after {} ({}{}); it goes on, see: berth ps -v {}",
                        name_, format_duration(waiting.limit), how_many(seen_),
                        why.empty() ? "" : ": " + why, name_)};
  }

  Session& session_;
  ApiClient& api_;
  std::string name_;
  std::int64_t last_id_ = 0;
  Json seen_;
};

std::optional<Outcome> scaled(const Json& service, std::int64_t wanted) {
  std::int64_t there = 0;
  for (auto& instance : service["instances"].items()) {
    there += instance["state"].string_or("") != "stopped";
  }
  bool done = service["wanted"].integer() == wanted && service["healthy"].integer() == wanted &&
              there == wanted && !service["rollout"].is_object();
  if (!done) return std::nullopt;
  std::string name = text_of(service["name"]);
  return Outcome{exit_done, wanted == 0 ? name + " is stopped" : name + ": " + how_many(service)};
}

/// A rollout that is not the one before has ended.
std::optional<Outcome> rolled(const Json& service, const Json& before) {
  auto& rollouts = service["rollouts"].items();
  if (rollouts.empty() || rollouts.front()["started"] == before) return std::nullopt;
  auto& rollout = rollouts.front();
  if (rollout["ended"].is_null()) return std::nullopt;
  std::string name = text_of(service["name"]);
  if (rollout["result"].string_or("") == "done") {
    // The last one that was replaced may still be finishing what it answers.
    if (service["healthy"].integer() > service["wanted"].integer()) return std::nullopt;
    return Outcome{exit_done, fmt::format("{} runs version {}: {}", name,
                                          text_or_dash(rollout["version"]), how_many(service))};
  }
  return Outcome{exit_failed, fmt::format("{}: the rollout {}: {}", name,
                                          text_of(rollout["result"]), text_of(rollout["why"]))};
}

Deferred<int> change(Session& session, std::string typed, std::string verb, std::string body,
                     Waiting waiting, std::function<Look(const Json& before)> look_from) {
  ApiClient* api = co_await or_return(session.api());
  Json state = co_await api->get("/v1/state");
  std::string name = co_await or_return(service_named(state, typed));
  Json before = co_await api->get("/v1/services/" + name);
  auto self = std::make_shared<Change>(session, *api, name);
  self->begin(state);
  co_return co_await Change::make(self, std::move(verb), std::move(body), waiting,
                                  look_from(before));
}

Look after_rollout(const Json& before) {
  auto& rollouts = before["rollouts"].items();
  Json started = rollouts.empty() ? Json() : rollouts.front()["started"];
  return [started](const Json&, const Json& service) { return rolled(service, started); };
}

}  // namespace

Deferred<int> run(Session& session, ScaleArguments arguments) {
  std::int64_t wanted = arguments.instances;
  Json body = Json::object();
  body.set("instances", wanted);
  return change(session, arguments.service, "scale", body.text(), arguments.waiting,
                [wanted](const Json&) -> Look {
                  return [wanted](const Json&, const Json& service) {
                    return scaled(service, wanted);
                  };
                });
}

Deferred<int> run(Session& session, RollbackArguments arguments) {
  Json body = Json::object();
  if (arguments.version) body.set("to", *arguments.version);
  return change(session, arguments.service, "rollback", body.text(), arguments.waiting,
                after_rollout);
}

Deferred<int> run(Session& session, RestartArguments arguments) {
  return change(session, arguments.service, "restart", "", arguments.waiting, after_rollout);
}

Deferred<int> run(Session& session, RemoveArguments arguments) {
  return change(session, arguments.service, "rm", "", arguments.waiting,
                [](const Json& before) -> Look {
                  std::string name = text_of(before["name"]);
                  return [name](const Json&, const Json& service) -> std::optional<Outcome> {
                    if (!service.is_null()) return std::nullopt;
                    return Outcome{exit_done, name + " is gone"};
                  };
                });
}

Deferred<int> run(Session& session, KillArguments arguments) {
  ApiClient* api = co_await or_return(session.api());
  Json state = co_await api->get("/v1/state");
  std::string id = co_await or_return(instance_named(state, arguments.instance));
  Json answer = co_await api->post("/v1/instances/" + id + "/kill");
  session.output.line(session.output.json ? answer.text() : text_of(answer["text"]));
  co_return exit_done;
}

}  // namespace berth::app
