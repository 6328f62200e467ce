#include "observe/inputs/relp_input.h"

#include <algorithm>

#include "async/serve.h"
#include "base/strings.h"

namespace berth::observe {
namespace {

constexpr std::size_t read_bytes_max = 256 << 10;
constexpr std::string_view offers =
    "200 OK\nrelp_version=0\nrelp_software=berth,1,berth\ncommands=syslog";

SyslogLimits limits_of(const InputSpec& spec) {
  SyslogLimits limits;
  limits.line_bytes_max = spec.line_bytes_max;
  limits.connections_max = spec.connections_max;
  return limits;
}

}  // namespace

RelpInput::RelpInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : spec_(std::move(spec)),
      lines_(links.lines),
      log_(links.log),
      reader_(
          links.world,
          [this](const SyslogReceived& received) {
            LogLine line = line_of(received);
            line.input = spec_.name;
            line.parse = spec_.parse;
            if (line.service.empty()) line.service = spec_.service;
            lines_.take_kept(line);
          },
          limits_of(spec_)),
      listeners_(std::move(places.listeners)) {
  for (auto& listener : listeners_) {
    auto with = [this](std::unique_ptr<ByteStream> stream) { return converse(std::move(stream)); };
    scope_.add(serve(*listener, with, spec_.connections_max).or_else([](Error) {}));
  }
}

Deferred<void> RelpInput::close() {
  for (auto& listener : listeners_) listener->close();
  return scope_.close();
}

InputCounters RelpInput::counters() const {
  auto& counted = reader_.counters();
  InputCounters out;
  out.received = counted.messages;
  out.bytes = counted.bytes;
  out.lost = {{"misframed_connection", broken_}};
  out.faulty = {{"too_long", counted.cut},
                {"not_utf8", counted.repaired},
                {"wrong_clock", counted.wrong_clocks},
                {"no_priority", counted.without_priority}};
  return out;
}

void RelpInput::open(Session& session, const RelpFrame& frame, std::string& answers) {
  bool offered = false;
  for (auto line : split(frame.data, '\n')) {
    auto pair = split_once(line, '=');
    if (!pair || pair->first != "commands") continue;
    auto commands = split(pair->second, ',');
    offered = std::ranges::find(commands, "syslog") != commands.end();
  }
  session.open = offered;
  append_relp(answers, frame.number, "rsp",
              offered ? offers : "500 the command syslog must be offered");
}

void RelpInput::answer(Session& session, RelpFrame frame, std::string& answers) {
  if (frame.command == "open") return open(session, frame, answers);
  if (frame.command == "close") {
    append_relp(answers, frame.number, "rsp", "");
    append_relp(answers, 0, "serverclose", "");
    session.closed = true;
  } else if (frame.command != "syslog") {
    append_relp(answers, frame.number, "rsp", "500 there is no command " + frame.command);
  } else if (!session.open) {
    append_relp(answers, frame.number, "rsp", "500 open comes first");
  } else {
    reader_.take(std::move(frame.data), frame.cut, session.peer);
    append_relp(answers, frame.number, "rsp", "200 OK");
  }
}

Deferred<void> RelpInput::converse(std::unique_ptr<ByteStream> stream) {
  ++reader_.counters().connections;
  Session session{place_of(stream->peer_address())};
  RelpFrames frames(reader_.limits().line_bytes_max);
  while (!session.closed) {
    Bytes bytes = co_await stream->read(read_bytes_max);
    if (bytes.empty()) co_return;
    frames.feed(bytes.view());
    std::string answers;
    std::optional<Error> wrong;
    while (!session.closed && !wrong) {
      auto frame = frames.next();
      if (!frame.ok()) {
        wrong = frame.error();
      } else if (!*frame) {
        break;
      } else {
        answer(session, std::move(**frame), answers);
      }
    }
    if (!answers.empty()) {
      auto safe = co_await lines_.commit().result();
      if (!safe.ok()) {
        log_.warning("lines are not acknowledged: they cannot be kept",
                     {{"input", spec_.name}, {"peer", session.peer}, {"error", safe.error()}});
        co_return;
      }
      co_await stream->write(Bytes::copy(answers));
    }
    if (wrong) {
      ++broken_;
      log_.warning("a sender of RELP was cut off",
                   {{"input", spec_.name}, {"peer", session.peer}, {"error", *wrong}});
      co_return;
    }
  }
}

}  // namespace berth::observe
