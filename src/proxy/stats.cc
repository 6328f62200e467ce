#include "proxy/stats.h"

#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::proxy {
namespace {

constexpr std::string_view columns =
    "pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,"
    "status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,"
    "tracked,type,rate,rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,"
    "hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,"
    "srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,last_chk,last_agt,qtime,ctime,rtime,"
    "ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,check_rise,check_fall,"
    "check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode,algo,conn_rate,conn_rate_max,"
    "conn_tot,intercepted,dcon,dses,wrew,connect,reuse,cache_lookups,cache_hits,srv_icur,src_ilim,"
    "qtime_max,ctime_max,rtime_max,ttime_max,eint,idle_conn_cur,safe_conn_cur,used_conn_cur,"
    "need_conn_est,uweight,agg_server_status,agg_server_check_status,agg_check_status,";

/// HAProxy's numbers in the column `type`.
enum class Kind : std::uint8_t { listener, service, instance };

struct Row {
  Kind kind{};
  std::string name;  // of the listener or service
  std::string id;    // of an instance: "users/1"
  const Tally* tally{};
  std::uint64_t now = 0;    // connections of a listener, requests of the others
  std::uint64_t total = 0;  // the same
  std::uint64_t queued = 0;
  std::uint64_t most = 0;  // at once; 0: any number
  std::string status;      // as HAProxy has it: OPEN, UP, DOWN, DRAIN
  std::string why;
  std::uint64_t weight = 0;
  std::uint64_t in_rotation = 0;  // of a service's instances
  bool resting = false;
  std::string address;
  const CacheCounts* cache = nullptr;
};

const Tally& tally_of(const Counts::Tallies& all, std::string_view name) {
  static const Tally none;
  auto found = all.find(name);
  return found == all.end() ? none : found->second;
}

std::string_view status_of(const catalog::Instance& instance) {
  if (instance.health == catalog::Health::healthy) return "UP";
  return instance.health == catalog::Health::draining ? "DRAIN" : "DOWN";
}

Row instance_row(const std::string& name, const ProxyState::Service& service,
                 const catalog::Instance& instance, const Counts::All& counts) {
  Row row{.kind = Kind::instance, .name = name, .id = instance.id};
  row.tally = &tally_of(counts.servers, instance.id);
  row.total = row.tally->requests;
  row.most = service.in_flight_max;
  row.status = status_of(instance);
  row.why = instance.health == catalog::Health::healthy ? "" : instance.why;
  row.weight = instance.weight;
  row.address = instance.address.text();
  auto found = service.instances.find(instance.id);
  if (found == service.instances.end()) return row;
  row.now = found->second.in_flight;
  row.resting = found->second.resting;
  if (row.resting) row.why = found->second.why;
  return row;
}

std::vector<Row> rows_of(const ProxyState& state) {
  std::vector<Row> all;
  for (auto& front : state.fronts) {
    Row row{.kind = Kind::listener, .name = front.name};
    row.tally = &tally_of(state.counts.frontends, front.name);
    row.now = front.connections;
    row.total = front.accepted;
    row.most = state.connections_max;
    row.status = state.stopping ? "STOP" : "OPEN";
    row.address = front.address.text();
    all.push_back(std::move(row));
  }
  for (auto& [name, service] : state.services) {
    for (auto& instance : service.service->instances) {
      all.push_back(instance_row(name, service, instance, state.counts));
    }
    Row row{.kind = Kind::service, .name = name};
    row.tally = &tally_of(state.counts.backends, name);
    row.now = service.in_flight;
    row.total = row.tally->requests;
    row.queued = service.queued;
    row.in_rotation = service.in_rotation;
    row.status = row.in_rotation > 0 ? "UP" : "DOWN";
    row.why = service.why_none;
    if (service.cache) row.cache = &service.cache->counts;
    all.push_back(std::move(row));
  }
  return all;
}

/// RFC 4180: quoted where it must be.
std::string quoted(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) return std::string(text);
  std::string out = "\"";
  for (char c : text) {
    if (c == '"') out += '"';
    out += c == '\r' || c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

std::string milliseconds(double seconds) {
  return std::to_string(static_cast<std::int64_t>(std::llround(seconds * 1000)));
}

using Fields = std::map<std::string_view, std::string>;

void add_counts(Fields& fields, const Row& row) {
  const Tally& tally = *row.tally;
  bool front = row.kind == Kind::listener;
  fields["stot"] = std::to_string(row.total);
  fields["scur"] = std::to_string(row.now);
  if (row.most > 0) fields["slim"] = std::to_string(row.most);
  fields["bin"] = std::to_string(tally.bytes_in);
  fields["bout"] = std::to_string(tally.bytes_out);
  static constexpr std::string_view classes[] = {"hrsp_1xx", "hrsp_2xx", "hrsp_3xx",
                                                 "hrsp_4xx", "hrsp_5xx", "hrsp_other"};
  for (std::size_t i = 0; i < tally.responses.size(); ++i) {
    fields[classes[i]] = std::to_string(tally.responses[i]);
  }
  fields["req_tot"] = std::to_string(tally.requests);
  if (front) {
    fields["dreq"] = std::to_string(tally.denied);
    fields["ereq"] = std::to_string(tally.request_errors);
    fields["conn_tot"] = std::to_string(row.total);
    return;
  }
  fields["qcur"] = std::to_string(row.queued);
  fields["econ"] = std::to_string(tally.connection_errors);
  fields["eresp"] = std::to_string(tally.response_errors);
  fields["wretr"] = std::to_string(tally.retries);
  fields["cli_abrt"] = std::to_string(tally.client_aborts);
  fields["srv_abrt"] = std::to_string(tally.server_aborts);
  fields["lbtot"] = std::to_string(row.total);
  fields["qtime"] = milliseconds(tally.queue_time);
  fields["ctime"] = milliseconds(tally.connect_time);
  fields["rtime"] = milliseconds(tally.response_time);
  fields["ttime"] = milliseconds(tally.total_time);
}

Fields fields_of(const Row& row) {
  static constexpr std::string_view types[] = {"0", "1", "2"};
  Fields fields;
  fields["pxname"] = quoted(row.name);
  fields["svname"] = row.kind == Kind::listener  ? "FRONTEND"
                     : row.kind == Kind::service ? "BACKEND"
                                                 : quoted(row.id);
  fields["type"] = types[static_cast<std::size_t>(row.kind)];
  fields["status"] = row.status;
  fields["pid"] = "1";
  fields["addr"] = quoted(row.address);
  fields["last_chk"] = quoted(row.why);
  add_counts(fields, row);
  if (row.kind == Kind::instance) {
    fields["weight"] = std::to_string(row.weight);
    fields["act"] = "1";
  }
  if (row.kind == Kind::service) fields["act"] = std::to_string(row.in_rotation);
  if (row.cache) {
    fields["cache_lookups"] = std::to_string(row.cache->lookups);
    fields["cache_hits"] = std::to_string(row.cache->hits);
  }
  return fields;
}

Json shown(const Row& row) {
  const Tally& tally = *row.tally;
  Json out = tally.json();
  out.set("name", row.kind == Kind::instance ? row.id : row.name);
  out.add_member("status", row.status);
  out.add_member("why", row.why);
  out.add_member("now", row.now);
  out.add_member("total", row.total);
  if (!row.address.empty()) out.add_member("address", row.address);
  if (row.kind == Kind::service) {
    out.add_member("queued", row.queued);
    out.add_member("in_rotation", row.in_rotation);
  }
  if (row.kind == Kind::instance) {
    out.add_member("weight", row.weight);
    out.add_member("resting", row.resting);
  }
  if (row.cache) {
    out.add_member("cache_lookups", row.cache->lookups);
    out.add_member("cache_hits", row.cache->hits);
  }
  return out;
}

}  // namespace

std::string stats_csv(const ProxyState& state) {
  std::string out = "# " + std::string(columns) + "\n";
  for (auto& row : rows_of(state)) {
    Fields fields = fields_of(row);
    for (std::string_view rest = columns; !rest.empty();) {
      std::string_view column = rest.substr(0, rest.find(','));
      rest.remove_prefix(column.size() + 1);
      auto found = fields.find(column);
      if (found != fields.end()) out += found->second;
      out += ',';
    }
    out += '\n';
  }
  return out;
}

Json stats_json(const ProxyState& state) {
  Json listeners = Json::array();
  Json services = Json::array();
  Json instances = Json::array();
  for (auto& row : rows_of(state)) {
    Json one = shown(row);
    if (row.kind == Kind::listener) {
      listeners.add(std::move(one));
    } else if (row.kind == Kind::instance) {
      instances.add(std::move(one));
    } else {
      one.add_member("instances", std::exchange(instances, Json::array()));
      services.add(std::move(one));
    }
  }
  Json out = Json::object();
  out.add_member("listeners", std::move(listeners));
  out.add_member("services", std::move(services));
  return out;
}

}  // namespace berth::proxy
