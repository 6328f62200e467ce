#include "names/zone.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/strings.h"

namespace berth::names {

namespace {

constexpr auto zone_transfer = static_cast<DnsType>(252);
constexpr auto zone_transfer_of_changes = static_cast<DnsType>(251);

bool asks_for(const DnsQuestion& question, DnsType type) {
  return question.type == type || question.type == DnsType::any;
}

/// What can be said without looking at the zone, or nothing.
std::optional<DnsCode> refusal(const DnsMessage& query, const DnsName& zone) {
  if (query.edns && query.edns->version > 0) return DnsCode::bad_version;
  if (query.opcode != 0) return DnsCode::not_implemented;
  if (query.questions.size() != 1) return DnsCode::format_error;
  const DnsQuestion& question = query.questions[0];
  bool of_internet =
      question.dns_class == dns_class_internet || question.dns_class == dns_class_any;
  bool transfer = question.type == zone_transfer || question.type == zone_transfer_of_changes;
  if (!of_internet || transfer || !question.name.is_within(zone)) return DnsCode::refused;
  return std::nullopt;
}

/// `labels` in front of `zone`, or nothing if DNS cannot hold it.
std::optional<DnsName> below(const DnsName& zone, std::initializer_list<std::string_view> labels) {
  std::string wire;
  for (std::string_view label : labels) {
    if (label.empty() || label.size() > DnsName::label_bytes_max) return std::nullopt;
    wire += static_cast<char>(label.size());
    wire += label;
  }
  wire += zone.wire();
  if (wire.size() > DnsName::wire_bytes_max) return std::nullopt;
  return DnsName::from_wire(std::move(wire));
}

/// "1" of "users/1".
std::string_view number_of(const catalog::Instance& instance) {
  return std::string_view(instance.id).substr(instance.id.rfind('/') + 1);
}

void shuffle(std::vector<const catalog::Instance*>& instances, Random& random) {
  for (std::size_t i = instances.size(); i > 1; i--)
    std::swap(instances[i - 1], instances[random.below(i)]);
}

}  // namespace

Zone::Zone(DnsName name, std::shared_ptr<const catalog::Snapshot> snapshot, Duration ttl)
    : name_(std::move(name)),
      snapshot_(std::move(snapshot)),
      ttl_seconds_(static_cast<std::uint32_t>(
          std::chrono::duration_cast<std::chrono::seconds>(ttl).count())) {}

DnsMessage Zone::answer(const DnsMessage& query, Random& random) const {
  DnsMessage out{.id = query.id,
                 .response = true,
                 .opcode = query.opcode,
                 .recursion_desired = query.recursion_desired};
  if (query.questions.size() == 1) out.questions = query.questions;
  if (query.edns) out.edns = DnsEdns{.dnssec_ok = query.edns->dnssec_ok};
  if (std::optional<DnsCode> code = refusal(query, name_)) {
    out.code = *code;
    return out;
  }
  out.authoritative = true;
  look_up(query.questions[0], random, out);
  if (out.answers.empty()) out.authorities.push_back(start_of_authority());
  return out;
}

void Zone::look_up(const DnsQuestion& question, Random& random, DnsMessage& out) const {
  std::size_t depth = question.name.label_count() - name_.label_count();
  if (depth == 0) {
    if (asks_for(question, DnsType::soa)) out.answers.push_back(start_of_authority());
    return;
  }
  const catalog::Service* service = snapshot_->find(lower(question.name.label(depth - 1)));
  if (!service || depth > 3) {
    out.code = DnsCode::name_error;
  } else if (depth == 1) {
    add_service(question, *service, random, out);
  } else if (bool in_tcp = equal_ignoring_case(question.name.label(depth - 2), "_tcp");
             depth == 3) {
    if (in_tcp && equal_ignoring_case(question.name.label(0), "_http"))
      add_instances(question, *service, random, out);
    else
      out.code = DnsCode::name_error;
  } else if (!in_tcp) {  // _tcp alone holds nothing but is there
    auto found = std::ranges::find(service->instances, question.name.label(0), number_of);
    if (found == service->instances.end())
      out.code = DnsCode::name_error;
    else
      add_address(question, found->address, out.answers);
  }
}

void Zone::add_service(const DnsQuestion& question, const catalog::Service& service, Random& random,
                       DnsMessage& out) const {
  if (!service.has_port) return;
  add_address(question, service.vip, out.answers);
  add_instances(question, service, random, out);
}

void Zone::add_instances(const DnsQuestion& question, const catalog::Service& service,
                         Random& random, DnsMessage& out) const {
  if (!asks_for(question, DnsType::srv) || !service.has_port) return;
  std::vector<const catalog::Instance*> healthy;
  for (const catalog::Instance& instance : service.instances)
    if (instance.health == catalog::Health::healthy) healthy.push_back(&instance);
  shuffle(healthy, random);
  for (const catalog::Instance* instance : healthy) {
    std::optional<DnsName> target = below(name_, {number_of(*instance), service.name});
    if (!target) continue;
    out.answers.push_back(
        {question.name, DnsType::srv, dns_class_internet, ttl_seconds_,
         DnsSrv{.priority = 1, .weight = 1, .port = instance->address.port(), .target = *target}});
    add_address({std::move(*target), DnsType::any}, instance->address, out.additionals);
  }
}

void Zone::add_address(const DnsQuestion& question, const Address& address,
                       std::vector<DnsRecord>& to) const {
  const auto& bytes = address.ip_bytes();
  if (address.family() == Address::Family::ipv4 && asks_for(question, DnsType::a)) {
    DnsA a;
    std::copy_n(bytes.begin(), a.address.size(), a.address.begin());
    to.push_back({question.name, DnsType::a, dns_class_internet, ttl_seconds_, a});
  }
  if (address.family() == Address::Family::ipv6 && asks_for(question, DnsType::aaaa))
    to.push_back({question.name, DnsType::aaaa, dns_class_internet, ttl_seconds_, DnsAaaa{bytes}});
}

DnsRecord Zone::start_of_authority() const {
  DnsSoa soa{.server = below(name_, {"ns"}).value_or(name_),
             .mailbox = below(name_, {"hostmaster"}).value_or(name_),
             .serial = static_cast<std::uint32_t>(snapshot_->revision),
             .refresh = 3600,
             .retry = 600,
             .expire = 86400,
             .minimum = 0};
  return {name_, DnsType::soa, dns_class_internet, 0, std::move(soa)};
}

}  // namespace berth::names
