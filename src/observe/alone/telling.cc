#include "observe/alone/telling.h"

#include "base/check.h"
#include "observe/alerts/alert_routes.h"
#include "observe/streams/streams.h"

namespace berth::observe {

Telling::Telling(World& world, Log log, std::string folder, streams::StreamCore& core,
                 SeriesSource& series)
    : world_(world), log_(log), folder_(std::move(folder)), core_(core), series_(series) {
  // Once, and for whatever runs: streams of code stay as long as the core.
  auto note = [this](const Event& event) {
    if (alerts_) alerts_->note(event);
    if (kpis_) kpis_->note("", event);
  };
  check(core_.add(streams::call("telling", note)).ok(), "a stream of events was refused");
}

Telling::~Telling() = default;

Deferred<void> Telling::apply(TellingFile file) {
  if (outputs_ && file.text == text_) co_return;
  co_await close();
  std::string text = file.text;
  auto opened = co_await open(std::move(file)).result();
  if (!opened.ok()) {
    co_await close();
    co_await or_return(std::move(opened));
  }
  text_ = std::move(text);
}

Deferred<void> Telling::open(TellingFile file) {
  auto trusted = co_await or_return(tls::ClientContext::make());
  outputs_ = std::make_unique<Outputs>(world_, log_, folder_ + "/outputs", std::move(trusted));
  co_await outputs_->open(std::move(file.outputs));
  outputs_->offer(core_);
  AlertsOptions options;
  options.folder = folder_ + "/alerts";
  options.annotations_to = std::move(file.alerts.annotations_to);
  options.calls = std::move(file.alerts.calls);
  AlertOutputs outputs;
  outputs.accept = [this](const std::string& name, const Event& event) -> Result<void> {
    auto* output = outputs_->find(name);
    if (!output) return Error(Code::not_found, "there is no output '" + name + "'");
    return output->accept(event);
  };
  outputs.commit = [this] { return outputs_->commit(); };
  ExportsOptions exporting;
  exporting.folder = options.folder;
  exports_ = std::make_unique<Exports>(world_, log_.named("export"), series_, outputs, exporting);
  auto alerts = std::make_unique<Alerts>(world_, log_.named("alerts"), &series_, std::move(outputs),
                                         std::move(options));
  co_await alerts->open(std::move(file.alerts.rules));
  alerts_ = std::move(alerts);
  co_await exports_->open(std::move(file.alerts.exports));
  kpis_ = std::make_unique<Kpis>(world_.clock, std::move(file.alerts.kpis), [this](Event event) {
    core_.begin_turn();
    core_.inject(event);
  });
  kpis_->start();
  goals_ = std::make_shared<Goals>(world_.clock, series_, std::move(file.alerts.objectives));
  listen();
}

void Telling::listen() {
  alerts_->listen(core_);
  for (auto& topic : kpis_->topics()) {
    subscriptions_.push_back(core_.pubsub().subscribe(
        topic, [this, topic](const Event& event) { kpis_->note(topic, event); }));
  }
}

Deferred<void> Telling::close() {
  subscriptions_.clear();
  if (exports_) co_await exports_->close();
  exports_ = nullptr;
  if (kpis_) co_await kpis_->close();
  kpis_ = nullptr;
  goals_ = nullptr;
  if (alerts_) co_await alerts_->close();
  alerts_ = nullptr;
  if (outputs_) {
    outputs_->withdraw(core_);
    co_await outputs_->close();
  }
  outputs_ = nullptr;
}

Deferred<void> Telling::commit() {
  if (outputs_) co_await outputs_->commit();
}

void Telling::note_message(std::string_view topic, std::string_view body) {
  if (kpis_) kpis_->note_message(topic, body);
}

void Telling::expose(Exposition& page) const {
  if (outputs_) outputs_->expose(page);
  if (alerts_) alerts_->expose(page);
  if (exports_) exports_->expose(page);
}

Deferred<http::ServerResponse> Telling::kpis() {
  auto goals = goals_;
  if (!goals) co_return http::ServerResponse::problem(503, "alerts do not run; the log says why");
  auto objectives = co_await goals->json().result();
  if (!objectives.ok()) co_return http::ServerResponse::problem(objectives.error());
  Json out = Json::object();
  out.add_member("kpis", kpis_ ? kpis_->json() : Json::array());
  out.add_member("objectives", std::move(*objectives));
  co_return http::ServerResponse::json_value(out);
}

void Telling::add_routes(http::Router& router) {
  add_alert_routes(router, [this] { return alerts_; }, world_.clock);
  router.add("GET", "/v1/kpis", [this](http::ServerRequest&) { return kpis(); });
}

}  // namespace berth::observe
