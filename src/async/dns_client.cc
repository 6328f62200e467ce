#include "async/dns_client.h"

#include <fmt/format.h>

#include "base/units.h"

namespace berth {
namespace {

DnsMessage query_of(DnsQuestion question, Random& random) {
  DnsMessage query;
  random.secret_bytes(&query.id, sizeof query.id);
  query.recursion_desired = true;
  query.questions.push_back(std::move(question));
  query.edns = DnsEdns{};
  return query;
}

/// Anybody may send to our port: what does not repeat the question is not the answer.
bool answers(const DnsMessage& answer, const DnsMessage& query) {
  return answer.response && answer.id == query.id && answer.questions == query.questions;
}

Address any_address_like(const Address& server) {
  return server.family() == Address::Family::ipv6 ? Address::ipv6({}, 0) : Address::ipv4(0, 0);
}

std::string_view code_text(DnsCode code) {
  switch (code) {
    case DnsCode::format_error:
      return "it did not understand the question (FORMERR)";
    case DnsCode::server_failure:
      return "it failed (SERVFAIL)";
    case DnsCode::not_implemented:
      return "it does not answer such questions (NOTIMP)";
    case DnsCode::refused:
      return "it refused (REFUSED)";
    default:
      return "it answered with an unknown code";
  }
}

}  // namespace

Deferred<DnsMessage> DnsClient::ask(ResolverConfig config, DnsQuestion question) {
  std::size_t servers = config.servers.size();
  std::size_t first = config.rotate ? random_.below(servers) : 0;
  Error last(Code::unavailable, "there is no DNS server");
  for (std::size_t i = 0; i < config.attempts * servers; ++i) {
    const Address& server = config.servers[(first + i) % servers];
    auto answer = co_await with_timeout(clock_, config.timeout,
                                        ask_server(server, query_of(question, random_)))
                      .result();
    if (answer.ok()) {
      if (answer->code == DnsCode::no_error || answer->code == DnsCode::name_error)
        co_return std::move(answer).value();
      last = Error(Code::unavailable, fmt::format("the DNS server {} was asked: {}", server.text(),
                                                  code_text(answer->code)));
    } else if (answer.error().is(Code::timed_out)) {
      last = Error(Code::timed_out, fmt::format("the DNS server {} did not answer within {}",
                                                server.text(), format_duration(config.timeout)));
    } else if (answer.error().is(Code::cancelled)) {
      co_return answer.error();
    } else {
      last = Error(Code::unavailable, fmt::format("the DNS server {} was asked: {}", server.text(),
                                                  answer.error().text()));
    }
  }
  co_return last;
}

Deferred<DnsMessage> DnsClient::ask_server(Address server, DnsMessage query) {
  DnsMessage answer = co_await ask_by_udp(server, query);
  if (answer.code == DnsCode::format_error) {  // older than EDNS (RFC 6891 section 7)
    query.edns.reset();
    answer = co_await ask_by_udp(server, query);
  }
  if (answer.truncated) answer = co_await ask_by_tcp(server, std::move(query));
  co_return answer;
}

Deferred<DnsMessage> DnsClient::ask_by_udp(Address server, DnsMessage query) {
  auto socket = co_await or_return(network_.bind_datagram(any_address_like(server)));
  if (!socket->send(server, Bytes::copy(write_dns(query, dns_udp_bytes_plain))))
    co_return Error(Code::unavailable, "the question could not be sent");
  for (;;) {
    Datagram datagram = co_await socket->receive();
    if (datagram.peer != server) continue;
    auto answer = parse_dns(datagram.bytes.view());
    if (answer.ok() && answers(*answer, query)) co_return std::move(answer).value();
  }
}

Deferred<DnsMessage> DnsClient::ask_by_tcp(Address server, DnsMessage query) {
  auto stream = co_await network_.connect(server);
  std::string wire = write_dns(query);
  wire.insert(0, {static_cast<char>(wire.size() >> 8), static_cast<char>(wire.size())});
  co_await stream->write(Bytes::copy(wire));
  std::string arrived;
  std::size_t wanted = 2;  // the length, then that much more (RFC 1035 section 4.2.2)
  while (arrived.size() < wanted) {
    Bytes part = co_await stream->read();
    if (part.empty()) co_return Error(Code::reset, "it ended the connection within its answer");
    arrived += part.view();
    if (arrived.size() >= 2) {
      wanted = 2 + (static_cast<std::size_t>(static_cast<unsigned char>(arrived[0])) << 8 |
                    static_cast<unsigned char>(arrived[1]));
    }
  }
  auto answer = co_await or_return(parse_dns(std::string_view(arrived).substr(2, wanted - 2)));
  if (!answers(answer, query)) co_return Error(Code::invalid, "it answered something else");
  co_return answer;
}

}  // namespace berth
