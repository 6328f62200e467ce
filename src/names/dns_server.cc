#include "names/dns_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace berth::names {

namespace {

constexpr int free_port_tries = 8;
constexpr Duration pause_after_error = 100ms;
constexpr std::size_t length_bytes = 2;
/// So many bytes of answers are written before more queries are answered.
constexpr std::size_t answers_bytes_enough = 65536;

std::size_t read_length(std::string_view bytes) {
  return static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 |
         static_cast<unsigned char>(bytes[1]);
}

/// The answer to what has a header but makes no sense behind it; empty if it is not even a query.
std::string format_error(std::string_view query) {
  if (query.size() < dns_header_bytes || (query[2] & 0x80)) return {};
  DnsMessage out{.id = static_cast<std::uint16_t>(read_length(query)),
                 .response = true,
                 .code = DnsCode::format_error};
  return write_dns(out);
}

struct Sockets {
  std::unique_ptr<DatagramSocket> datagrams;
  std::unique_ptr<Listener> listener;
};

Result<Sockets> open_at(Network& network, const Address& address) {
  Sockets out;
  out.datagrams = TRY(network.bind_datagram(address));
  out.listener = TRY(network.listen(out.datagrams->address()));
  return out;
}

/// UDP and TCP need the same port: where any will do, one that is free for both is looked for.
Result<Sockets> open_sockets(Network& network, const Address& address) {
  Result<Sockets> sockets = open_at(network, address);
  for (int i = 1; i < free_port_tries && address.port() == 0 && !sockets.ok(); i++)
    sockets = open_at(network, address);
  return sockets;
}

}  // namespace

DnsServer::DnsServer(Clock& clock, Random& random, DnsName zone, DnsOptions options, Log log)
    : clock_(clock),
      random_(random),
      options_(std::move(options)),
      log_(log),
      zone_(std::move(zone), std::make_shared<catalog::Snapshot>(), options_.ttl) {}

Result<std::unique_ptr<DnsServer>> DnsServer::start(Clock& clock, Network& network, Random& random,
                                                    const Address& address, DnsOptions options,
                                                    Log log) {
  DnsName zone = TRY(DnsName::parse(options.zone));
  Result<Sockets> sockets = open_sockets(network, address);
  if (!sockets.ok())
    return std::move(sockets).error().during(
        fmt::format("opening the DNS server at {} for UDP and TCP", address.text()));
  std::unique_ptr<DnsServer> server(
      new DnsServer(clock, random, std::move(zone), std::move(options), log));
  server->datagrams_ = std::move(sockets->datagrams);
  server->listener_ = std::move(sockets->listener);
  server->scope_.add(server->serve_datagrams());
  server->scope_.add(server->accept_connections());
  return server;
}

void DnsServer::set_snapshot(std::shared_ptr<const catalog::Snapshot> snapshot) {
  zone_ = Zone(zone_.name(), std::move(snapshot), options_.ttl);
}

Deferred<void> DnsServer::close() {
  datagrams_->close();
  listener_->close();
  return scope_.close();
}

Deferred<void> DnsServer::serve_datagrams() {
  for (;;) {
    Result<Datagram> query = co_await datagrams_->receive().result();
    if (!query.ok()) {
      Code code = query.error().code();
      if (code == Code::closed || code == Code::cancelled) co_return;
      log_.warning("a DNS query could not be received", {{"error", query.error()}});
      co_await clock_.after(pause_after_error);
      continue;
    }
    counters_.queries_udp++;
    std::string wire = answer(query->bytes.view(), options_.udp_answer_bytes_max);
    if (wire.empty()) continue;
    if (!datagrams_->send(query->peer, Bytes::copy(wire))) counters_.answers_lost++;
  }
}

Deferred<void> DnsServer::accept_connections() {
  for (;;) {
    Result<std::unique_ptr<ByteStream>> stream = co_await listener_->accept().result();
    if (!stream.ok()) co_return;
    counters_.tcp_connections++;
    if (open_connections_ >= options_.tcp_connections_max) {
      counters_.tcp_connections_refused++;
      continue;
    }
    open_connections_++;
    scope_.add(serve_connection(std::move(*stream)).finally([this] { open_connections_--; }));
  }
}

/// Queries with their length before them (RFC 1035 section 4.2.2), several at a time too; answered
/// in order, those that came together in one write.
Deferred<void> DnsServer::serve_connection(std::unique_ptr<ByteStream> stream) {
  std::string arrived;
  MonotonicTime deadline = clock_.now() + options_.tcp_idle_time;
  for (;;) {
    std::string answers;
    if (!answer_arrived(arrived, answers)) co_return;
    if (!answers.empty()) {
      Result<void> written =
          co_await with_timeout(clock_, options_.tcp_idle_time, stream->write(Bytes::copy(answers)))
              .result();
      if (!written.ok()) co_return;
      deadline = clock_.now() + options_.tcp_idle_time;
      continue;
    }
    Result<Bytes> bytes =
        co_await with_timeout(clock_, deadline - clock_.now(), stream->read()).result();
    if (!bytes.ok() && bytes.error().is(Code::timed_out)) counters_.tcp_connections_timed_out++;
    if (!bytes.ok() || bytes->empty()) co_return;
    arrived += bytes->view();
  }
}

bool DnsServer::answer_arrived(std::string& arrived, std::string& answers) {
  std::string_view rest = arrived;
  while (rest.size() >= length_bytes && answers.size() < answers_bytes_enough) {
    std::size_t length = read_length(rest);
    if (length > options_.tcp_query_bytes_max) return false;
    if (rest.size() < length_bytes + length) break;
    counters_.queries_tcp++;
    std::string wire = answer(rest.substr(length_bytes, length), std::nullopt);
    rest.remove_prefix(length_bytes + length);
    if (wire.empty()) return false;
    answers.append({static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size())});
    answers += wire;
  }
  arrived.erase(0, arrived.size() - rest.size());
  return true;
}

std::string DnsServer::answer(std::string_view wire, std::optional<std::size_t> udp_bytes_max) {
  Result<DnsMessage> query = parse_dns(wire);
  if (!query.ok() || query->response) {
    counters_.malformed++;
    return format_error(wire);
  }
  DnsMessage out = zone_.answer(*query, random_);
  std::size_t bytes_max = dns_message_bytes_max;
  if (udp_bytes_max) {
    std::size_t asked = query->edns ? query->edns->udp_bytes : dns_udp_bytes_plain;
    bytes_max = std::clamp(asked, dns_udp_bytes_plain, *udp_bytes_max);
  }
  std::string answer = write_dns(out, bytes_max);
  constexpr std::size_t flags_at = 2;
  if (answer[flags_at] & 0x02) counters_.truncated++;
  count(out);
  return answer;
}

void DnsServer::count(const DnsMessage& answer) {
  if (answer.code == DnsCode::name_error) counters_.name_errors++;
  if (answer.code == DnsCode::refused) counters_.refused++;
}

}  // namespace berth::names
