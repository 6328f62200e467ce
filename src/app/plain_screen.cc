#include "app/plain_screen.h"

#include "app/exit_code.h"
#include "app/first_screen.h"
#include "app/tables.h"

namespace berth::app {
namespace {

constexpr Duration retry_after = 1s;

/// What has been printed so far.
struct Told {
  Output output;
  PlainOptions options;
  std::int64_t last_id = 0;
  bool screen = false;
  Json state;
};

void print_screen(Told& told, MonotonicTime now) {
  FirstScreenOptions options;
  if (told.options.began != MonotonicTime{}) options.took = now - told.options.began;
  options.before = told.options.before;
  told.output.lines(first_screen(told.state, told.output.style, options));
  told.output.line("");
  told.screen = true;
}

void print_feed(Told& told) {
  auto& feed = told.state["feed"].items();
  for (auto entry = feed.rbegin(); entry != feed.rend(); ++entry) {
    auto id = (*entry)["id"].integer().value_or(0);
    if (id <= told.last_id) continue;
    told.last_id = id;
    bool good = (*entry)["level"].string_or("ok") == "ok";
    if (told.screen || !good) told.output.line(feed_line(*entry, told.output.style));
  }
}

/// Ends when all is healthy and that was wanted once, or with the stream's error.
Deferred<int> follow(Clock& clock, ApiClient& api, std::shared_ptr<Told> told) {
  EventStream events = co_await api.events("/v1/live");
  for (;;) {
    ServerEvent event = co_await events.next();
    if (event.name != "state") continue;
    told->state = co_await or_return(Json::parse(event.data));
    print_feed(*told);
    if (told->screen || told->state["sentence"]["level"].string_or("") != "ok") continue;
    print_screen(*told, clock.now());
    if (told->options.once) co_return exit_done;
  }
}

Deferred<int> follow_always(Clock& clock, ApiClient& api, std::shared_ptr<Told> told) {
  for (;;) {
    auto ended = co_await follow(clock, api, told).result();
    if (ended.ok()) co_return *ended;
    co_await clock.after(retry_after);
  }
}

}  // namespace

Deferred<int> show_plainly(Clock& clock, ApiClient& api, Output output, PlainOptions options) {
  auto told = std::make_shared<Told>();
  told->output = std::move(output);
  told->options = std::move(options);
  if (!told->options.once) co_return co_await follow_always(clock, api, told);
  auto code =
      co_await with_timeout(clock, told->options.once_limit, follow_always(clock, api, told))
          .result();
  if (code.ok()) co_return *code;
  if (!told->state.is_null()) print_screen(*told, clock.now());
  co_return exit_failed;
}

}  // namespace berth::app
