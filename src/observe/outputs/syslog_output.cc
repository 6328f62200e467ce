#include "observe/outputs/syslog_output.h"

#include <fmt/format.h>

#include <algorithm>

#include "async/clock.h"
#include "async/resolver.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "observe/outputs/event_words.h"
#include "observe/outputs/names.h"
#include "observe/streams/event_fields.h"

namespace berth::observe {
namespace {

constexpr std::size_t datagram_bytes_max = 8192;
constexpr std::size_t datagrams_at_once = 64;  // then the kernel gets a moment
// RFC 5424 section 7.2.2: a private one, by the number for examples (RFC 5612).
constexpr std::string_view element = "event@32473";

/// RFC 5424 section 6: PRINTUSASCII of limited length, or "-".
std::string header_word(std::string_view text, std::size_t most) {
  std::string out;
  for (char c : text.substr(0, most)) out += c > 32 && c < 127 ? c : '_';
  return out.empty() ? "-" : out;
}

/// SD-NAME: no '=', ']', '"' either.
std::string element_word(std::string_view text) {
  std::string out = header_word(text, 32);
  std::ranges::replace_if(out, [](char c) { return c == '=' || c == ']' || c == '"'; }, '_');
  return out;
}

void append_parameter(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += ' ';
  out += element_word(name);
  out += "=\"";
  for (char c : one_line(value)) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += c;
  }
  out += '"';
}

int severity_of(std::string_view state) {
  if (state == "critical") return 2;
  if (state == "error") return 3;
  if (state == "warning") return 4;
  return state.empty() || state == "ok" ? 6 : 5;
}

}  // namespace

std::string syslog_message(const Event& event, const SyslogOptions& options) {
  std::string host = event.host.empty() ? options.host : event.host;
  std::string time = streams::has_time(event) ? write_timestamp(event.time, 6) : "-";
  std::string out =
      fmt::format("<{}>1 {} {} {} - {} [{}", options.facility * 8 + severity_of(event.state), time,
                  header_word(host, 255), header_word(options.app, 48),
                  header_word(event.service, 32), element);
  append_parameter(out, "service", event.service);
  append_parameter(out, "state", event.state);
  if (event.metric) append_parameter(out, "metric", number_text(*event.metric));
  for (auto& tag : event.tags) append_parameter(out, "tag", tag);
  for (auto& [name, value] : event.attributes) append_parameter(out, name, value);
  out += "] ";
  std::string text = headline_of(event);
  if (!event.description.empty()) text += ": " + one_line(event.description);
  bool ascii = std::ranges::all_of(text, [](char c) { return c >= 0; });
  if (!ascii && is_utf8(text)) out += "\xef\xbb\xbf";
  return out + text;
}

Deferred<Attempt> SyslogOutput::send(std::span<const Event> events, std::string) {
  if (options_.datagrams) return send_datagrams(events);
  std::string text;
  for (auto& event : events) {
    std::string message = syslog_message(event, options_);
    text += std::to_string(message.size());
    text += ' ';
    text += message;
  }
  return peer_.send(std::move(text), events.size());
}

Deferred<Attempt> SyslogOutput::send_datagrams(std::span<const Event> events) {
  Address peer = options_.place.address;
  if (peer.family() == Address::Family::none) {
    if (!world_.resolver) co_return Error(Code::unsupported, "there is no resolver of names");
    auto found = co_await world_.resolver->resolve(options_.place.host, options_.place.port);
    peer = found.front();
  }
  if (!socket_ || family_ != peer.family()) {
    bool ipv6 = peer.family() == Address::Family::ipv6;
    Address any = ipv6 ? Address::ipv6({}, 0) : Address::ipv4(0, 0);
    socket_ = co_await or_return(world_.network.bind_datagram(any));
    family_ = peer.family();
  }
  std::size_t sent = 0;
  for (auto& event : events) {
    std::string text = syslog_message(event, options_).substr(0, datagram_bytes_max);
    if (!socket_->send(peer, Bytes::copy(text))) break;
    ++sent;
    if (sent % datagrams_at_once == 0) co_await world_.clock.after(1ms);
  }
  if (sent == 0) co_return Attempt::again(1, "a datagram could not be sent");
  Attempt made = Attempt::taken(sent);
  made.confirmed = false;
  co_return made;
}

}  // namespace berth::observe
