#include "app/deploy_marks.h"

namespace berth::app {
namespace {

bool is_change(const placement::FeedEntry& entry) {
  return entry.kind == "deploy" || entry.kind == "rollback" || entry.kind == "scale";
}

observe::Event annotation(const placement::FeedEntry& entry) {
  observe::Event event;
  event.service = "deploys";
  event.description = entry.text;
  event.time = entry.time;
  event.attributes = {{"of", entry.service}, {"kind", entry.kind}};
  return event;
}

}  // namespace

void DeployMarks::start() {
  auto& feed = mirror_.state().feed;
  if (!feed.empty()) last_ = feed.rbegin()->first;
  scope_.add(run_forever());
}

Deferred<void> DeployMarks::run_forever() {
  for (;;) {
    co_await mirror_.changed();
    auto& feed = mirror_.state().feed;
    for (auto it = feed.upper_bound(last_); it != feed.end(); ++it) {
      last_ = it->first;
      if (is_change(it->second)) annotate_(annotation(it->second));
    }
  }
}

}  // namespace berth::app
