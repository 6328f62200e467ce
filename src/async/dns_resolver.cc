#include "async/dns_resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/disk.h"
#include "base/strings.h"

namespace berth {
namespace {

/// A chain of aliases longer than this is a mistake.
constexpr int aliases_max = 16;

bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return equal_ignoring_case(host, "localhost") ||
         (host.size() > 10 && equal_ignoring_case(host.substr(host.size() - 10), ".localhost"));
}

std::vector<Address> with_port(std::vector<Address> addresses, std::uint16_t port) {
  for (Address& address : addresses) address = address.with_port(port);
  return addresses;
}

struct Answered {
  std::vector<Address> addresses;
  Duration ttl{};
};

Duration seconds(std::uint32_t count) { return std::chrono::seconds(count); }

/// What an answer says about the addresses of the name it was asked for, by way of its aliases.
Answered addresses_in(const DnsMessage& answer) {
  Answered out;
  DnsName name = answer.questions.front().name;
  std::optional<Duration> ttl;
  auto lives = [&](const DnsRecord& record) {
    ttl = std::min(ttl.value_or(seconds(record.ttl_seconds)), seconds(record.ttl_seconds));
  };
  for (int i = 0; i < aliases_max; ++i) {
    auto alias = std::ranges::find_if(answer.answers, [&](const DnsRecord& record) {
      return record.type == DnsType::cname && record.name == name;
    });
    if (alias == answer.answers.end()) break;
    lives(*alias);
    name = std::get<DnsPointer>(alias->data).name;
  }
  for (const DnsRecord& record : answer.answers) {
    if (record.type != answer.questions.front().type || !(record.name == name)) continue;
    lives(record);
    if (auto* four = std::get_if<DnsA>(&record.data)) {
      auto& ip = four->address;
      out.addresses.push_back(Address::ipv4(std::uint32_t{ip[0]} << 24 |
                                                std::uint32_t{ip[1]} << 16 |
                                                std::uint32_t{ip[2]} << 8 | ip[3],
                                            0));
    } else if (auto* six = std::get_if<DnsAaaa>(&record.data)) {
      out.addresses.push_back(Address::ipv6(six->address, 0));
    }
  }
  if (!out.addresses.empty()) {
    out.ttl = *ttl;
    return out;
  }
  for (const DnsRecord& record : answer.authorities) {  // RFC 2308 section 5
    if (auto* soa = std::get_if<DnsSoa>(&record.data))
      out.ttl = std::min(seconds(record.ttl_seconds), seconds(soa->minimum));
  }
  return out;
}

std::vector<Address> alternating(std::vector<Address> first, std::vector<Address> second) {
  std::vector<Address> all;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) all.push_back(first[i]);
    if (i < second.size()) all.push_back(second[i]);
  }
  return all;
}

}  // namespace

DnsResolver::DnsResolver(Clock& clock, Network& network, Disk& disk, Random& random,
                         DnsResolverOptions options)
    : clock_(clock), disk_(disk), client_(clock, network, random), options_(std::move(options)) {}

DnsResolver::~DnsResolver() = default;

Deferred<std::vector<Address>> DnsResolver::resolve(std::string host, std::uint16_t port) {
  if (auto address = Address::parse(host);
      address.ok() && address->port() == 0 && address->family() != Address::Family::unix_path)
    co_return std::vector{address->with_port(port)};
  auto name = DnsName::parse(host);
  if (!name.ok() || name->is_root() ||
      host.find_first_of(std::string_view(" /:@\0", 5)) != host.npos)
    co_return Error(Code::invalid, "'" + host + "' is no name of a host");
  if (is_localhost(host)) {
    std::array<std::uint8_t, 16> one{};
    one.back() = 1;
    co_return std::vector{Address::loopback(port), Address::ipv6(one, port)};
  }
  co_return with_port(co_await look_up(lower(host)), port);
}

Deferred<std::vector<Address>> DnsResolver::look_up(std::string host) {
  co_await read_files();
  std::string_view bare(host);
  if (bare.ends_with('.')) bare.remove_suffix(1);
  if (auto there = hosts_.find(bare); there != hosts_.end()) co_return there->second;
  if (auto kept = cache_.find(host); kept != cache_.end() && kept->second.until > clock_.now()) {
    if (kept->second.found.error) co_return *kept->second.found.error;
    co_return kept->second.found.addresses;
  }
  auto under_way = lookups_.find(host);
  if (under_way == lookups_.end()) {
    if (lookups_.size() >= options_.lookups_max) co_return Error::overloaded();
    under_way = lookups_.try_emplace(host).first;
    auto answer = under_way->second.waiting.wait();
    scope_.add(run_lookup(host));
    co_return co_await std::move(answer);
  }
  co_return co_await under_way->second.waiting.wait();
}

Deferred<void> DnsResolver::read_files() {
  auto fresh = [this] {
    return files_read_ && clock_.now() - *files_read_ < options_.files_age_max;
  };
  if (fresh()) co_return;
  auto permit = co_await reading_.acquire();
  if (fresh()) co_return;
  auto hosts = co_await disk_.read_file(options_.hosts_path, options_.file_bytes_max).result();
  auto config = co_await disk_.read_file(options_.config_path, options_.file_bytes_max).result();
  for (auto* each : {&hosts, &config}) {  // a file that was not read is not an empty one
    if (!each->ok() && each->error().is(Code::cancelled)) co_await fail_with(each->error());
  }
  hosts_ = parse_hosts_file(hosts.ok() ? *hosts : "");
  std::string text = config.ok() ? *config : "";
  if (!files_read_ || text != config_text_) {
    cache_.clear();  // other servers, other names
    config_ = parse_resolver_config(text);
    config_text_ = std::move(text);
  }
  files_read_ = clock_.now();
}

Deferred<void> DnsResolver::run_lookup(std::string host) {
  Result<Found> found = co_await search(host).result();
  auto lookup = lookups_.extract(host);
  auto& waiting = lookup.mapped().waiting;
  if (!found.ok()) {
    waiting.fail_all(found.error());
    co_return;
  }
  if (found->error) {
    waiting.fail_all(*found->error);
  } else {
    while (!waiting.empty()) waiting.wake(found->addresses);
  }
  keep(host, std::move(found).value());
}

Deferred<DnsResolver::Found> DnsResolver::search(std::string host) {
  Found nothing;
  nothing.ttl = options_.negative_ttl_max;
  for (const std::string& name : search_names(config_, host)) {
    if (!DnsName::parse(name).ok()) continue;  // too long with this domain
    Found found = co_await ask(name);
    if (!found.error) co_return found;
    nothing.ttl = std::min(nothing.ttl, found.ttl);
    nothing.error = found.error;
  }
  nothing.error = Error(Code::not_found, "there is no host named '" + host + "'");
  co_return nothing;
}

Deferred<DnsResolver::Found> DnsResolver::ask(std::string name) {
  DnsName wire = co_await or_return(DnsName::parse(name));
  auto six_asked = client_.ask(config_, {wire, DnsType::aaaa});
  auto four_asked = client_.ask(config_, {wire, DnsType::a});
  auto four = co_await std::move(four_asked).result();
  if (four.ok()) {
    six_asked = with_timeout(clock_, options_.second_family_wait, std::move(six_asked));
  }
  auto six = co_await std::move(six_asked).result();
  auto failed = [&name](const Error& error) {
    return Error(error).during("looking up '" + name + "'");
  };
  if (!four.ok() && !six.ok()) co_return failed(four.error());
  Found found;
  Answered fours = four.ok() ? addresses_in(*four) : Answered();
  Answered sixes = six.ok() ? addresses_in(*six) : Answered();
  bool fours_empty = fours.addresses.empty();
  bool sixes_empty = sixes.addresses.empty();
  found.addresses = alternating(std::move(sixes.addresses), std::move(fours.addresses));
  bool both = four.ok() && six.ok();
  if (found.addresses.empty()) {
    if (!both) co_return failed(four.ok() ? six.error() : four.error());  // half an answer
    found.ttl = std::min(fours.ttl, sixes.ttl);
    found.error = Error(Code::not_found, "'" + name + "' has no address");
    co_return found;
  }
  found.ttl = both ? options_.ttl_max : options_.half_ttl_max;
  if (!fours_empty) found.ttl = std::min(found.ttl, fours.ttl);
  if (!sixes_empty) found.ttl = std::min(found.ttl, sixes.ttl);
  co_return found;
}

void DnsResolver::keep(const std::string& host, Found found) {
  Duration ttl = found.ttl;
  if (ttl <= Duration(0)) return;
  if (cache_.size() >= options_.names_max) {
    std::erase_if(cache_, [&](auto& each) { return each.second.until <= clock_.now(); });
    if (cache_.size() >= options_.names_max) cache_.erase(cache_.begin());
  }
  cache_.insert_or_assign(host, Kept{std::move(found), clock_.now() + ttl});
}

}  // namespace berth
