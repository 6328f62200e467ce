#include "proxy/counts.h"

#include <algorithm>

#include "base/base64.h"
#include "base/prefetch.h"
#include "http/access_record.h"

namespace berth::proxy {
namespace {

/// An average over about the last `averaged` values, as HAProxy's swrate_add makes it; while there
/// are fewer, over all.
void average(double& sum, std::int64_t nanoseconds, std::uint64_t count) {
  if (nanoseconds < 0) return;
  double share = 1 / std::min(Tally::averaged, static_cast<double>(count));
  sum += (static_cast<double>(nanoseconds) / 1e9 - sum) * share;
}

}  // namespace

void Tally::add(const http::AccessRecord& r) {
  ++requests;
  std::size_t kind = r.status / 100;
  ++responses[kind >= 1 && kind <= 5 ? kind - 1 : 5];
  bytes_in += r.bytes_in;
  bytes_out += r.bytes_out;
  retries += r.retries;
  char who = r.termination[0];
  char where = r.termination[1];
  bool refused = who == 'P' && where == 'R';
  bool access = r.status == 401 || r.status == 403 || r.status == 413 || r.status == 429;
  if (refused && access) ++denied;
  if (refused && (r.status == 400 || r.status == 431)) ++request_errors;
  if ((who == 'C' || who == 'c') && where == 'R') ++request_errors;
  if ((who == 'S' || who == 's') && where == 'C') ++connection_errors;
  if ((who == 'S' || who == 's' || who == 'P') && where == 'H') ++response_errors;
  if (where == 'D') ++(who == 'C' || who == 'c' ? client_aborts : server_aborts);
  average(queue_time, r.waiting, requests);
  average(connect_time, r.connecting, requests);
  average(response_time, r.response, requests);
  average(total_time, r.total, requests);
}

void Tally::add(const Tally& other) {
  auto means = {&Tally::queue_time, &Tally::connect_time, &Tally::response_time,
                &Tally::total_time};
  double weight = std::min(averaged, static_cast<double>(other.requests));
  double all = weight + std::min(averaged, static_cast<double>(requests));
  if (all > 0) {
    for (auto mean : means) this->*mean += (other.*mean - this->*mean) * weight / all;
  }
  auto sums = {&Tally::requests,        &Tally::bytes_in,       &Tally::bytes_out,
               &Tally::denied,          &Tally::request_errors, &Tally::connection_errors,
               &Tally::response_errors, &Tally::client_aborts,  &Tally::server_aborts,
               &Tally::retries};
  for (auto sum : sums) this->*sum += other.*sum;
  for (std::size_t i = 0; i < responses.size(); ++i) responses[i] += other.responses[i];
}

void Counts::All::add(const All& other) {
  auto tallies = {&All::frontends, &All::backends, &All::servers, &All::routes};
  for (auto which : tallies) {
    for (auto& [name, tally] : other.*which) (this->*which)[name].add(tally);
  }
  for (auto which : {&All::times, &All::route_times}) {
    for (auto& [name, histogram] : other.*which) (this->*which)[name].merge(histogram);
  }
}

Counts::Place Counts::place(Places& places, std::string_view name, Tallies& tallies, Times* times) {
  if (name.empty()) return {};
  auto number = places.numbers.find(0, name);
  if (number != gateway::WordTable::none) {
    const Place& found = places.all[number];
    prefetch(found.tally);
    prefetch(found.times);
    return found;
  }
  auto at = tallies.try_emplace(std::string(name)).first;
  Place place{&at->second, times ? &(*times)[at->first] : nullptr};
  places.numbers.add(0, name, static_cast<std::uint32_t>(places.all.size()));
  places.all.push_back(place);
  return place;
}

void Counts::note(const http::AccessRecord& record) {
  auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(record.total, 0));
  // Found first: of many routes and instances nothing is in a cache, and comes meanwhile.
  bool own = record.server.starts_with('<');  // "<CACHE>"
  auto server = own ? Place() : place(server_places_, record.server, all_.servers, nullptr);
  auto route = place(route_places_, record.route, all_.routes, &all_.route_times);
  auto backend = place(backend_places_, record.backend, all_.backends, &all_.times);
  auto frontend = place(frontend_places_, record.frontend, all_.frontends, nullptr);
  for (auto& each : {frontend, backend, route, server}) {
    if (each.tally) each.tally->add(record);
    if (each.times) each.times->record(nanoseconds);
  }
  next_.note(record);
}

namespace {

/// The members of a Tally with their names; `T` is const or not.
template <class T, class Whole, class Mean>
void members(T& tally, Whole&& whole, Mean&& mean) {
  whole("requests", tally.requests);
  whole("bytes_in", tally.bytes_in);
  whole("bytes_out", tally.bytes_out);
  whole("denied", tally.denied);
  whole("request_errors", tally.request_errors);
  whole("connection_errors", tally.connection_errors);
  whole("response_errors", tally.response_errors);
  whole("client_aborts", tally.client_aborts);
  whole("server_aborts", tally.server_aborts);
  whole("retries", tally.retries);
  mean("queue_time", tally.queue_time);
  mean("connect_time", tally.connect_time);
  mean("response_time", tally.response_time);
  mean("total_time", tally.total_time);
}

Json json_of(const Counts::Tallies& tallies) {
  Json out = Json::object();
  for (auto& [name, tally] : tallies) out.add_member(name, tally.json());
  return out;
}

void read(const Json& json, Counts::Tallies& tallies) {
  for (auto& member : json.members()) tallies[member.key] = Tally::of(member.value);
}

}  // namespace

Json Tally::json() const {
  Json out = Json::object();
  auto add = [&](const char* name, auto value) { out.add_member(name, value); };
  members(*this, add, add);
  Json classes = Json::array();
  for (auto count : responses) classes.add(count);
  out.add_member("responses", std::move(classes));
  return out;
}

Tally Tally::of(const Json& json) {
  Tally tally;
  members(
      tally,
      [&](const char* name, std::uint64_t& value) {
        value = json[name].unsigned_integer().value_or(0);
      },
      [&](const char* name, double& value) { value = json[name].number().value_or(0); });
  auto& classes = json["responses"].items();
  for (std::size_t i = 0; i < classes.size() && i < tally.responses.size(); ++i) {
    tally.responses[i] = classes[i].unsigned_integer().value_or(0);
  }
  return tally;
}

Json Counts::All::json() const {
  Json out = Json::object();
  out.add_member("frontends", json_of(frontends));
  out.add_member("backends", json_of(backends));
  out.add_member("servers", json_of(servers));
  Json encoded = Json::object();
  for (auto& [name, histogram] : times) {
    std::string bytes;
    histogram.encode(bytes);
    encoded.add_member(name, base64_encode(bytes));
  }
  out.add_member("times", std::move(encoded));
  return out;
}

void Counts::All::begin_with(const Json& json) {
  read(json["frontends"], frontends);
  read(json["backends"], backends);
  read(json["servers"], servers);
  for (auto& member : json["times"].members()) {
    auto bytes = base64_decode(member.value.string_or(""));
    if (!bytes.ok()) continue;
    auto histogram = Histogram::decode(*bytes);
    if (histogram.ok()) times[member.key] = std::move(*histogram);
  }
}

}  // namespace berth::proxy
