#include "observe/inputs/follow_input.h"
#include "observe/inputs/graphite_input.h"
#include "observe/inputs/input_spec.h"
#include "observe/inputs/journal_input.h"
#include "observe/inputs/json_input.h"
#include "observe/inputs/otlp_input.h"
#include "observe/inputs/relp_input.h"
#include "observe/inputs/riemann_input.h"
#include "observe/inputs/scrape_input.h"
#include "observe/inputs/statsd_input.h"
#include "observe/inputs/syslog_input.h"

namespace berth::observe {

Result<std::unique_ptr<Input>> make_input(const InputSpec& spec, const InputLinks& links) {
  using Made = std::unique_ptr<Input>;
  auto places = TRY(open_places(spec, links));
  if (spec.kind == "scrape") {
    auto tls = TRY(tls::ClientContext::make());
    return Made(std::make_unique<ScrapeInput>(spec, links, std::move(tls)));
  }
  if (spec.kind == "file" || spec.kind == "docker") {
    return Made(std::make_unique<FollowInput>(spec, links));
  }
  if (spec.kind == "syslog") {
    return Made(std::make_unique<SyslogInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "relp") {
    return Made(std::make_unique<RelpInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "graphite") {
    return Made(std::make_unique<GraphiteInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "statsd") {
    return Made(std::make_unique<StatsdInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "json_lines") {
    return Made(std::make_unique<JsonInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "journald") {
    return Made(std::make_unique<JournalInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "otlp") {
    return Made(std::make_unique<OtlpInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "riemann") {
    return Made(std::make_unique<RiemannInput>(spec, links, std::move(places)));
  }
  if (spec.kind == "riemann_websocket" || spec.kind == "riemann_events") {
    return Made(std::make_unique<RiemannWebInput>(spec, links, std::move(places)));
  }
  return Error(Code::invalid, "there is no kind of input '" + spec.kind + "'");
}

}  // namespace berth::observe
