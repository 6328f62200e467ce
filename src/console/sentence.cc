#include "console/sentence.h"

#include <fmt/format.h>

#include <algorithm>

namespace berth::console {
namespace {

using placement::Rollout;
using placement::RolloutResult;

constexpr Duration blamed_after = 5min;
// Errors are counted by whole seconds, and a fault may be felt in the second in which a rollout
// begins.
constexpr Duration blamed_before = 2s;

int rank(Health health) {
  switch (health) {
    case Health::failing:
      return 3;
    case Health::degraded:
      return 2;
    case Health::starting:
      return 1;
    default:
      return 0;
  }
}

bool is_wrong(const ServiceNow& service) { return rank(service.condition.health) > 0; }

/// True if it calls a service that fails too: then the other one is looked at first.
bool fails_with_another(const ServiceNow& service, const std::vector<ServiceNow>& services,
                        const std::vector<Call>& calls) {
  for (auto& call : calls) {
    if (call.from != service.desired->name || call.to == call.from) continue;
    for (auto& other : services) {
      if (other.desired->name == call.to && other.condition.health == Health::failing) return true;
    }
  }
  return false;
}

const ServiceNow* worst_of(const std::vector<ServiceNow>& services,
                           const std::vector<Call>& calls) {
  const ServiceNow* worst = nullptr;
  auto key = [&](const ServiceNow& s) {
    return std::tuple(rank(s.condition.health), !fails_with_another(s, services, calls),
                      s.errors_per_second, -s.since.nanoseconds);
  };
  for (auto& service : services) {
    if (is_wrong(service) && (!worst || key(service) > key(*worst))) worst = &service;
  }
  return worst;
}

/// The newest change of version in or shortly after which the trouble began.
const Rollout* blamed(const placement::DesiredService& desired, WallTime since) {
  const Rollout* found = nullptr;
  for (auto& rollout : desired.rollouts) {
    // A restart brings nothing new, and an automatic return is not what it began with.
    if (rollout.from == rollout.to || rollout.automatic) continue;
    bool began = rollout.started - blamed_before <= since;
    bool over = rollout.ended != WallTime{} && rollout.ended + blamed_after < since;
    if (began && !over) found = &rollout;
  }
  return found;
}

std::string text_of(const ServiceNow& service) {
  auto& [health, why, wanted, running, healthy, by_errors] = service.condition;
  std::string text = service.desired->name;
  switch (health) {
    case Health::failing:
      text += " fails";
      break;
    case Health::degraded:
      text += fmt::format(" runs {} of {} instances", healthy, wanted);
      break;
    default:
      text += " starts";
  }
  return why.empty() ? text : text + ": " + why;
}

std::string well_text(const std::vector<ServiceNow>& services) {
  std::size_t stopped = 0;
  for (auto& service : services) {
    if (service.condition.health == Health::stopped) ++stopped;
  }
  std::size_t well = services.size() - stopped;
  if (services.empty()) return "there is no service yet";
  std::string text = well == 0   ? "no service is wanted to run"
                     : well == 1 ? "the service is healthy"
                                 : fmt::format("all {} services are healthy", well);
  if (stopped > 0 && well == 1) text = services.size() > 1 ? "1 service is healthy" : text;
  if (stopped > 0 && well > 0) text += fmt::format(", {} stopped", stopped);
  return text;
}

}  // namespace

Sentence make_sentence(const std::vector<ServiceNow>& services, const std::vector<Call>& calls,
                       WallTime well_since) {
  Sentence sentence;
  const ServiceNow* worst = worst_of(services, calls);
  if (!worst) {
    sentence.text = well_text(services);
    sentence.since = well_since;
    return sentence;
  }
  bool fails = worst->condition.health == Health::failing;
  sentence.level = fails ? Sentence::Level::bad : Sentence::Level::warn;
  sentence.text = text_of(*worst);
  sentence.since = worst->since;
  sentence.service = worst->desired->name;
  sentence.others = static_cast<std::size_t>(std::ranges::count_if(services, is_wrong)) - 1;
  if (worst->condition.health == Health::starting) return sentence;
  if (const Rollout* rollout = blamed(*worst->desired, worst->since)) {
    sentence.version = rollout->to;
    sentence.deployed = rollout->started;
    if (rollout->to == worst->desired->target) sentence.return_to = worst->desired->return_to();
  }
  return sentence;
}

void write(JsonWriter& out, const Sentence& sentence) {
  constexpr std::string_view levels[] = {"ok", "warn", "bad"};
  out.begin_object();
  out.member("level", levels[static_cast<std::size_t>(sentence.level)]);
  out.member("text", sentence.text);
  out.member("since", milliseconds(sentence.since));
  if (!sentence.service.empty()) out.member("service", sentence.service);
  if (sentence.version != 0) {
    out.member("version", sentence.version);
    out.member("deployed", milliseconds(sentence.deployed));
  }
  if (sentence.return_to != 0) out.member("return_to", sentence.return_to);
  out.member("others", sentence.others);
  out.end_object();
}

}  // namespace berth::console
