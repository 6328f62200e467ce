#include "catalog/catalog.h"

#include <algorithm>

namespace berth::catalog {

Catalog::Catalog(Clock& clock, std::string system, std::string domain, std::uint64_t first_revision)
    : clock_(clock) {
  auto first = std::make_shared<Snapshot>();
  first->revision = first_revision;
  first->system = std::move(system);
  first->domain = std::move(domain);
  snapshot_ = std::move(first);
}

void Catalog::publish(Service service) {
  const Service* before = snapshot_->find(service.name);
  if (before) {
    service.revision = before->revision;
    if (*before == service) return;
  }
  auto next = std::make_shared<Snapshot>(*snapshot_);
  service.revision = ++next->revision;
  std::string name = service.name;
  next->services[name] = std::make_shared<Service>(std::move(service));
  snapshot_ = std::move(next);
  wake();
}

void Catalog::wake() {
  while (!changed_.empty()) changed_.wake();
}

void Catalog::put_service(Service service) {
  if (auto* before = snapshot_->find(service.name)) service.instances = before->instances;
  publish(std::move(service));
}

void Catalog::remove_service(const std::string& name) {
  if (!snapshot_->services.contains(name)) return;
  auto next = std::make_shared<Snapshot>(*snapshot_);
  ++next->revision;
  next->services.erase(name);
  snapshot_ = std::move(next);
  wake();
}

void Catalog::put_instance(const std::string& service, Instance instance) {
  auto* before = snapshot_->find(service);
  if (!before) return;
  Service next = *before;
  auto place = std::ranges::lower_bound(next.instances, instance.id, {}, &Instance::id);
  if (place != next.instances.end() && place->id == instance.id) {
    *place = std::move(instance);
  } else {
    next.instances.insert(place, std::move(instance));
  }
  publish(std::move(next));
}

void Catalog::remove_instance(const std::string& service, const std::string& id) {
  auto* before = snapshot_->find(service);
  if (!before) return;
  Service next = *before;
  std::erase_if(next.instances, [&](const Instance& i) { return i.id == id; });
  publish(std::move(next));
}

void Catalog::report(const std::string& balancer, BalancerReport report) {
  report.heard = clock_.now();
  balancers_[balancer] = std::move(report);
}

bool Catalog::drained(const std::string& id, const std::string& incarnation,
                      std::uint64_t revision) {
  std::erase_if(balancers_,
                [&](auto& each) { return clock_.now() - each.second.heard > report_lease; });
  std::string wanted = id + "@" + incarnation;
  for (auto& [name, report] : balancers_) {
    if (report.revision < revision) return false;
    if (std::ranges::find(report.in_flight, wanted) != report.in_flight.end()) return false;
  }
  return true;
}

}  // namespace berth::catalog
