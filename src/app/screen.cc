#include "app/screen.h"

#include "app/browser.h"
#include "app/words.h"

namespace berth::app {
namespace {

constexpr Duration retry_after = 1s;

}  // namespace

Screen::Screen(Clock& clock, Process& process, os::TerminalIo& terminal, ApiClient& api,
               ScreenOptions options)
    : clock_(clock),
      process_(process),
      terminal_(terminal),
      api_(api),
      options_(std::move(options)),
      model_(options_.stops_system, options_.before) {}

Deferred<void> Screen::run() {
  dirty_.set();
  live_ = follow_live("");
  scope_.add(take_keys());
  scope_.add(redraw());
  scope_.add(watch_size());
  return left_.deferred();
}

void Screen::leave(Result<void> how) {
  if (!std::exchange(has_left_, true)) left_.fire(std::move(how));
}

Deferred<void> Screen::take_keys() {
  for (;;) {
    auto typed = co_await terminal_.read().result();
    if (!typed.ok()) {
      leave(std::move(typed).error());
      co_return;
    }
    for (Key key : keys_of(*typed)) {
      take(key);
      follow_wanted();
    }
    dirty_.set();
  }
}

void Screen::take(Key key) {
  if (aside_) {
    aside_ = false;
    terminal_.show_alternate(true);
    frame_.forget();
    return;
  }
  ScreenModel::Wish wish = model_.press(key);
  switch (wish.kind) {
    case ScreenModel::Wish::Kind::leave:
      leave({});
      break;
    case ScreenModel::Wish::Kind::open:
      scope_.add(open_console());
      break;
    case ScreenModel::Wish::Kind::restart:
      scope_.add(restart(wish.service));
      break;
    default:
      break;
  }
}

/// Streams follow what the page shows: one of states, with a service's details where it is
/// inspected, and one of log lines.
void Screen::follow_wanted() {
  if (std::string wanted = model_.inspected(); wanted != inspected_) {
    inspected_ = wanted;
    live_ = follow_live(wanted);
  }
  if (std::string wanted = model_.logs_of(); wanted != logs_of_) {
    logs_of_ = wanted;
    logs_ = wanted.empty() ? Deferred<void>() : follow_logs(wanted);
  }
}

Deferred<void> Screen::follow_live(std::string inspected) {
  for (;;) {
    auto ended = co_await read_live(inspected).result();
    if (options_.ends_with_server) {
      leave(std::move(ended));
      co_return;
    }
    model_.set_note("berth dev does not answer; trying again");
    dirty_.set();
    co_await clock_.after(retry_after);
  }
}

Deferred<void> Screen::read_live(std::string inspected) {
  std::string target = inspected.empty() ? "/v1/live" : "/v1/live?service=" + inspected;
  EventStream events = co_await api_.events(std::move(target));
  for (;;) {
    ServerEvent event = co_await events.next();
    Json data = co_await or_return(Json::parse(event.data));
    if (event.name == "state") {
      bool first =
          options_.began != MonotonicTime{} && data["sentence"]["level"].string_or("") == "ok";
      if (first) model_.set_took(clock_.now() - std::exchange(options_.began, MonotonicTime{}));
      model_.set_state(std::move(data));
    } else if (event.name == "service") {
      model_.set_detail(std::move(data));
    } else if (event.name == "point") {
      model_.add_point(data);
    }
    dirty_.set();
  }
}

Deferred<void> Screen::follow_logs(std::string service) {
  // What went wrong is shown where the lines would be.
  auto ended = co_await read_logs(service).result();
  Json line = Json::object();
  line.set("time", clock_.wall().nanoseconds / 1'000'000);
  line.set("instance", service);
  line.set("level", "error");
  line.set("text", ended.ok() ? "no more lines" : "no more lines: " + ended.error().text());
  model_.add_log(std::move(line));
  dirty_.set();
}

Deferred<void> Screen::read_logs(std::string service) {
  EventStream events = co_await api_.events("/v1/services/" + service + "/logs?lines=200&follow=1");
  for (;;) {
    ServerEvent event = co_await events.next();
    if (event.name != "line") continue;
    model_.add_log(co_await or_return(Json::parse(event.data)));
    dirty_.set();
  }
}

Deferred<void> Screen::open_console() {
  std::string url = api_.place().console_url();
  if (co_await open_in_browser(process_, url)) {
    model_.set_note("the console is opened in your browser");
    dirty_.set();
    co_return;
  }
  // On the ordinary screen, where a long address can be copied as one.
  aside_ = true;
  terminal_.show_alternate(false);
  terminal_.write("\r\nNo browser was found here. Open this in one:\r\n\r\n  " + url +
                  "\r\n\r\nAny key goes back.\r\n");
}

Deferred<void> Screen::restart(std::string service) {
  auto answer = co_await api_.post("/v1/services/" + service + "/restart").result();
  model_.set_note(answer.ok() ? text_of((*answer)["text"]) : printable(answer.error().text()));
  dirty_.set();
}

Deferred<void> Screen::watch_size() {
  for (;;) {
    co_await terminal_.resized();
    dirty_.set();
  }
}

Deferred<void> Screen::redraw() {
  for (;;) {
    co_await dirty_.wait();
    co_await terminal_.drained();
    dirty_.reset();
    if (!aside_) draw();
    co_await clock_.after(Duration(1s) / frames_per_second_max);
  }
}

void Screen::draw() {
  os::TerminalSize size = terminal_.size();
  Style style{options_.colour, size.columns};
  auto lines = model_.lines(style, size.rows);
  std::string update = frame_.update(lines, size.columns, size.rows);
  if (!update.empty()) terminal_.write(update);
}

Deferred<void> show_screen(Session& session, ApiClient& api) {
  auto terminal = co_await or_return(os::TerminalIo::open(session.reactor));
  ScreenOptions options;
  options.ends_with_server = true;
  options.colour = session.output.style.colour;
  Screen screen(session.reactor, session.process, *terminal, api, options);
  co_await screen.run();
}

}  // namespace berth::app
