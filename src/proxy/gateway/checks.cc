#include "proxy/gateway/checks.h"

#include "async/clock.h"
#include "async/network.h"
#include "async/random.h"
#include "base/units.h"

namespace berth::proxy::gateway {
namespace {

constexpr std::size_t answer_bytes_max = 64 << 10;  // of a check's answer that are read
using catalog::Health;

/// A message of gRPC with HealthCheckRequest { string service = 1; }.
std::string health_request(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';
    message += static_cast<char>(service.size());
    message += service;
  }
  std::string out(4, '\0');
  out += static_cast<char>(message.size());
  return out + message;
}

/// HealthCheckResponse { ServingStatus status = 1; }, where SERVING is 1.
bool serving(std::string_view answer) {
  constexpr std::size_t prefix_bytes = 5;
  return answer.size() >= prefix_bytes + 2 && answer[0] == '\0' &&
         answer.substr(prefix_bytes).starts_with(std::string_view("\x08\x01", 2));
}

}  // namespace

bool CheckTally::add(std::string why) {
  bool passed = why.empty();
  Health now = passed ? Health::healthy : Health::unhealthy;
  if (now == health_) {
    in_a_row_ = 0;
    if (!passed) why_ = std::move(why);
    return false;
  }
  std::uint32_t needed = health_ == Health::starting ? 1 : passed ? rise_ : fall_;
  if (++in_a_row_ < needed) return false;
  in_a_row_ = 0;
  health_ = now;
  why_ = std::move(why);
  return true;
}

/// By TLS each has a client of its own.
struct Checks::Checked {
  using Tls = std::shared_ptr<const InstanceTls>;

  Checked(Key k, CheckSpec s, Tls by, World& world, http::Client& client)
      : key(std::move(k)), of(std::move(s)), spec(of), tally(of.rise, of.fall), tls(std::move(by)) {
    if (!tls) {
      ask = &client;
      return;
    }
    bool grpc = spec.kind == CheckSpec::Kind::grpc;
    InstanceTls::Protocols protocols{grpc ? "h2" : "http/1.1"};
    network = std::make_unique<InstanceNetwork>(world, tls, std::move(protocols));
    http::ClientOptions options;
    options.idle_per_address_max = 0;
    own = std::make_unique<http::Client>(world.clock, *network, options);
    ask = own.get();
    if (spec.host.empty()) spec.host = tls->spec().name;
  }
  Key key;
  CheckSpec of;    // as the file has it
  CheckSpec spec;  // as it is asked
  CheckTally tally;
  Tls tls;  // null: in clear
  std::unique_ptr<InstanceNetwork> network;
  std::unique_ptr<http::Client> own;
  http::Client* ask = nullptr;
  bool over = false;  // nobody wants to know any more
};

// Each check has a connection of its own: one that is kept would occupy a program that serves one
// at a time.
Checks::Checks(World& world, Log log, std::function<void()> changed)
    : world_(world),
      log_(log),
      changed_(std::move(changed)),
      client_(world.clock, world.network, {.idle_per_address_max = 0}) {}

void Checks::set(const std::vector<FileService>& services) {
  std::map<Key, std::shared_ptr<Checked>> next;
  for (auto& each : services) {
    if (each.check.kind == CheckSpec::Kind::none) continue;
    for (auto& instance : each.service.instances) {
      Key key{each.service.name, instance.address};
      auto found = checked_.find(key);
      if (found != checked_.end() && found->second->of == each.check &&
          found->second->tls == each.secured) {
        next[key] = found->second;
        continue;
      }
      auto checked = std::make_shared<Checked>(key, each.check, each.secured, world_, client_);
      // Other rules for an instance that is there already: it stays in until they say otherwise.
      if (found != checked_.end() && found->second->tally.health() == Health::healthy) {
        checked->tally.add("");
      }
      if (auto known = known_.find(key); known != known_.end()) checked->tally.add(known->second);
      next[key] = checked;
      scope_.add(run(std::move(checked)));
    }
  }
  for (auto& [key, checked] : checked_) {
    auto found = next.find(key);
    if (found == next.end() || found->second != checked) checked->over = true;
  }
  checked_ = std::move(next);
  known_.clear();
}

void Checks::begin_with(const std::string& service, const Address& instance, bool healthy,
                        std::string why) {
  if (!healthy && why.empty()) why = "unhealthy";
  known_[{service, instance}] = healthy ? "" : std::move(why);
}

void Checks::tell(catalog::Service& service) const {
  for (auto& instance : service.instances) {
    auto found = checked_.find({service.name, instance.address});
    instance.health = found == checked_.end() ? Health::healthy : found->second->tally.health();
    instance.why = found == checked_.end() || instance.health == Health::healthy
                       ? ""
                       : found->second->tally.why();
  }
}

Deferred<void> Checks::run(std::shared_ptr<Checked> checked) {
  const CheckSpec& spec = checked->spec;
  auto& [service, address] = checked->key;
  while (!checked->over) {
    auto asked = with_timeout(world_.clock, spec.timeout, check(*checked));
    auto result = co_await std::move(asked).result();
    if (checked->over) co_return;
    std::string why;
    if (result.ok()) {
      why = std::move(*result);
    } else if (result.error().is(Code::cancelled)) {
      co_return;
    } else {
      why = "its check took longer than " + format_duration(spec.timeout);
    }
    if (checked->tally.add(std::move(why))) {
      bool healthy = checked->tally.health() == Health::healthy;
      log_.info(healthy ? "an instance is healthy" : "an instance is not healthy",
                {{"service", service}, {"address", address.text()}, {"why", checked->tally.why()}});
      changed_();
    }
    double part = 1 + spec.jitter * (2 * world_.random.unit() - 1);
    co_await world_.clock.after(
        Duration(static_cast<std::int64_t>(static_cast<double>(spec.interval.count()) * part)));
  }
}

/// Empty: it passed; else why not.
Deferred<std::string> Checks::check(Checked& checked) {
  if (checked.spec.kind == CheckSpec::Kind::http) return check_http(checked);
  if (checked.spec.kind == CheckSpec::Kind::grpc) return check_grpc(checked);
  const Address& address = checked.key.second;
  return connect_to_instance(world_, address, checked.tls.get(), {})
      .then([](std::unique_ptr<ByteStream>) { return std::string(); },
            [](Error error) -> Result<std::string> {
              if (error.is(Code::cancelled)) return error;
              return std::string(error.message());
            });
}

Deferred<std::string> Checks::check_http(Checked& checked) {
  const CheckSpec& spec = checked.spec;
  const Address& address = checked.key.second;
  http::Request request;
  request.method = spec.method;
  request.target = spec.target;
  request.host = spec.host;
  request.headers = {{"connection", "close"}, {"user-agent", "berth-health-check"}};
  auto asking = checked.ask->send(address, std::move(request), spec.timeout);
  auto answer = co_await std::move(asking).result();
  std::string what = spec.method + " " + spec.target;
  if (!answer.ok()) {
    Error error = std::move(answer).error();
    if (error.is(Code::cancelled) || error.is(Code::timed_out)) co_return error;
    if (error.is(Code::refused)) co_return "nothing listens on " + address.text();
    co_return what + ": " + std::string(error.message());
  }
  int status = answer->status();
  // Read on a little, so that a program that is still writing is not reset.
  auto rest = co_await answer->text(answer_bytes_max).result();
  if (!rest.ok() && rest.error().is(Code::cancelled)) co_return std::move(rest).error();
  if (status >= spec.status_least && status <= spec.status_most) co_return std::string();
  co_return what + " answered " + std::to_string(status);
}

/// grpc.health.v1.Health/Check (health.proto), over HTTP/2 by prior knowledge.
Deferred<std::string> Checks::check_grpc(Checked& checked) {
  const CheckSpec& spec = checked.spec;
  const Address& address = checked.key.second;
  http::Request request;
  request.method = "POST";
  request.target = "/grpc.health.v1.Health/Check";
  request.headers = {{"content-type", "application/grpc"},
                     {"te", "trailers"},
                     {"user-agent", "berth-health-check"}};
  request.body = http::Body(health_request(spec.grpc_service));
  http::SendOptions options;
  options.version = http::Version::http_2;
  options.connect_to = address;
  options.timeouts.whole = spec.timeout;
  http::Url url;
  url.name = url.host = "localhost";
  url.port = 80;
  url.target = request.target;
  auto asking = checked.ask->send(url, std::move(request), std::move(options));
  auto answer = co_await std::move(asking).result();
  std::string what = "grpc.health.v1.Health/Check";
  if (!answer.ok()) {
    Error error = std::move(answer).error();
    if (error.is(Code::cancelled) || error.is(Code::timed_out)) co_return error;
    if (error.is(Code::refused)) co_return "nothing listens on " + address.text();
    co_return what + ": " + std::string(error.message());
  }
  std::string status(answer->headers().value("grpc-status"));
  auto text = co_await answer->text(answer_bytes_max).result();
  if (!text.ok()) co_return what + ": " + std::string(text.error().message());
  for (auto& [name, value] : answer->trailers()) {
    if (name == "grpc-status") status = value;
  }
  if (answer->status() != 200) co_return what + " answered " + std::to_string(answer->status());
  if (status == "5") co_return "the server knows no health of '" + spec.grpc_service + "'";
  if (status == "12") co_return "the server has no grpc.health.v1.Health";
  if (status != "0") co_return what + " ended with grpc-status " + status;
  if (!serving(*text)) co_return what + " does not say SERVING";
  co_return std::string();
}

}  // namespace berth::proxy::gateway
