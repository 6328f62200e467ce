#include "observe/outputs/outputs.h"

#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t secret_bytes_max = 64 << 10;

}  // namespace

Outputs::Outputs(World& world, Log log, std::string folder, tls::ClientContext trusted)
    : world_(world), log_(log), folder_(std::move(folder)), trusted_(std::move(trusted)) {}

Outputs::~Outputs() = default;

Deferred<void> Outputs::open(std::vector<OutputPlan> plans) {
  for (auto& plan : plans) {
    std::string name = plan.name;
    auto opened = co_await open_one(std::move(plan)).result();
    if (!opened.ok()) {
      co_await fail_with(std::move(opened).error().during("opening the output " + name));
    }
  }
}

Deferred<void> Outputs::open_one(OutputPlan plan) {
  for (auto& secret : plan.secrets) {
    if (secret->file.empty()) continue;
    std::string text = co_await world_.disk.read_file(secret->file, secret_bytes_max);
    secret->value = trim(text);
  }
  tls::ClientContext context = trusted_;
  if (!plan.authorities.empty()) {
    tls::ClientOptions options;
    options.authorities = co_await tls::read_pem(world_.disk, plan.authorities);
    context = co_await or_return(tls::ClientContext::make(std::move(options)));
  }
  plan.queue.folder = folder_ + "/" + plan.name;
  auto queue = std::make_unique<OutputQueue>(world_, log_.named("output"), plan.name,
                                             plan.make(world_, context), std::move(plan.queue));
  co_await queue->open();
  queues_[plan.name] = std::move(queue);
}

Deferred<void> Outputs::close() {
  for (auto& [name, queue] : queues_) co_await queue->close();
}

Deferred<void> Outputs::commit() {
  for (auto& [name, queue] : queues_) co_await queue->commit();
}

void Outputs::offer(streams::StreamCore& core) {
  for (auto& [name, queue] : queues_) {
    core.set_output(name,
                    [queue = queue.get()](const Event& event) { return queue->accept(event); });
  }
}

void Outputs::withdraw(streams::StreamCore& core) {
  for (auto& [name, queue] : queues_) {
    core.set_output(name, [name = name](const Event&) -> Result<void> {
      return Error(Code::not_found, "there is no output '" + name + "' any more");
    });
  }
}

OutputQueue* Outputs::find(std::string_view name) {
  auto found = queues_.find(name);
  return found == queues_.end() ? nullptr : found->second.get();
}

void Outputs::expose(Exposition& page) const {
  page.family("berth_output_events_total", "counter",
              "Events of an output by what became of them.");
  for (auto& [name, queue] : queues_) {
    auto& counters = queue->counters();
    auto outcome = [&](std::string_view what, std::uint64_t value) {
      page.sample(value, {{"output", name}, {"outcome", std::string(what)}});
    };
    outcome("accepted", counters.accepted);
    outcome("unwanted", counters.unwanted);
    outcome("sent", counters.sent);
    outcome("unconfirmed", counters.unconfirmed);
    outcome("refused", counters.refused);
    outcome("dropped", counters.dropped);
    outcome("given_up", counters.given_up);
    outcome("damaged", queue->damaged());
  }
  page.family("berth_output_attempts_total", "counter", "Attempts to send a batch.");
  for (auto& [name, queue] : queues_) {
    page.sample(queue->counters().attempts, {{"output", name}});
  }
  page.family("berth_output_failed_attempts_total", "counter", "Attempts that failed.");
  for (auto& [name, queue] : queues_) {
    page.sample(queue->counters().failed_attempts, {{"output", name}});
  }
  page.family("berth_output_waiting_events", "gauge", "Events that are not sent yet.");
  for (auto& [name, queue] : queues_) page.sample(queue->waiting(), {{"output", name}});
  page.family("berth_output_waiting_bytes", "gauge", "Bytes of a queue on disk and in memory.");
  for (auto& [name, queue] : queues_) page.sample(queue->waiting_bytes(), {{"output", name}});
  page.family("berth_output_lag_seconds", "gauge", "Age of the oldest event that is not sent.");
  for (auto& [name, queue] : queues_) {
    std::string labels = "output=\"" + Exposition::escaped(name) + "\"";
    page.sample_of(labels, seconds_of(queue->lag()));
  }
}

}  // namespace berth::observe
