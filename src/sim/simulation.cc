#include "sim/simulation.h"

namespace berth::sim {

Simulation::Simulation(std::uint64_t seed) : timeline(seed) { set_current(this); }
Simulation::~Simulation() { set_current(nullptr); }

Host& Simulation::add_host(std::string name) {
  return hosts_.emplace_back(timeline, fabric, static_cast<std::uint32_t>(hosts_.size() + 1),
                             std::move(name));
}

void Simulation::post(std::move_only_function<void()> task) { timeline.in(0s, std::move(task)); }

void Simulation::run_ready() {
  ReadyList& ready = ReadyList::current();
  while (std::size_t ran = ready.run()) {
    steps_at_once_ += ran;
    check(steps_at_once_ < steps_at_once_max, "the simulated time does not go on");
  }
}

bool Simulation::step() {
  run_ready();
  if (!happen()) return false;
  run_ready();
  return true;
}

bool Simulation::happen() {
  HostClock* due_clock = nullptr;
  MonotonicTime next{INT64_MAX};
  for (Host& host : hosts_) {
    if (host.clock.timers().empty() || host.clock.next() >= next) continue;
    next = host.clock.next();
    due_clock = &host.clock;
  }
  bool wires = !timeline.timers().empty() && timeline.timers().next() < next;
  if (wires) next = timeline.timers().next();
  bool event = timeline.has_event() && timeline.next_event() <= next;
  if (event) next = timeline.next_event();
  if (!due_clock && !wires && !event) return false;
  next = std::max(next, timeline.now());
  if (next > timeline.now()) steps_at_once_ = 0;
  check(++steps_at_once_ < steps_at_once_max, "the simulated time does not go on");
  timeline.advance(next);
  if (event) {
    timeline.run_next_event();
  } else {
    (wires ? timeline.timers() : due_clock->timers()).fire_due(next);
  }
  return true;
}

void Simulation::run_for(Duration time) {
  bool over = false;
  timeline.in(time, [&over] { over = true; });
  while (!over) step();
}

bool Simulation::run_until(const std::function<bool()>& holds, Duration limit) {
  MonotonicTime end = now() + limit;
  run_ready();
  while (!holds()) {
    if (now() > end || !step()) return holds();
  }
  return true;
}

}  // namespace berth::sim
