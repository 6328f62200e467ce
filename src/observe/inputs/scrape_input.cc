#include "observe/inputs/scrape_input.h"

#include "tls/handshake.h"

namespace berth::observe {
namespace {

http::SessionOptions options_of(World& world, tls::ClientContext tls) {
  http::SessionOptions options;
  options.client.secure = tls::secure_with(std::move(tls), world.clock);
  return options;
}

}  // namespace

ScrapeInput::ScrapeInput(InputSpec spec, const InputLinks& links, tls::ClientContext tls)
    : spec_(std::move(spec)),
      samples_(links.samples),
      session_(links.world, options_of(links.world, std::move(tls))) {
  for (std::size_t i = 0; i < spec_.scrape.targets.size(); ++i) {
    targets_.emplace_back(links.world, links.log, spec_.scrape, i, session_, samples_);
    scope_.add(targets_.back().run());
  }
}

Deferred<void> ScrapeInput::close() {
  co_await scope_.close();
  for (auto& target : targets_) target.end();
  co_await samples_.commit();
}

InputCounters ScrapeInput::counters() const {
  InputCounters out;
  for (auto& target : targets_) {
    out.received += target.samples_taken();
    out.lost["failed_scrape"] += target.failed();
  }
  return out;
}

}  // namespace berth::observe
