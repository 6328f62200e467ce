#include "proxy/counts.h"

#include <algorithm>

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

template <class Map>
auto& place(Map& map, std::string_view name) {
  auto found = map.find(name);
  if (found != map.end()) return found->second;
  return map.emplace(std::string(name), typename Map::mapped_type()).first->second;
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

void Counts::note(const http::AccessRecord& record) {
  auto nanoseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(record.total, 0));
  place(frontends_, record.frontend).add(record);
  if (!record.backend.empty()) {
    place(backends_, record.backend).add(record);
    place(times_, record.backend).record(nanoseconds);
  }
  if (!record.route.empty()) {
    place(routes_, record.route).add(record);
    place(route_times_, record.route).record(nanoseconds);
  }
  if (!record.server.empty() && record.server[0] != '<') place(servers_, record.server).add(record);
  next_.note(record);
}

}  // namespace berth::proxy
