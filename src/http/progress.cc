#include "http/progress.h"

#include "base/units.h"

namespace berth::http::detail {

Progress::Progress(Clock& clock, const Timeouts& timeouts)
    : clock_(clock), timeouts_(timeouts), begun_(clock.now()) {}

Duration Progress::left() const {
  if (timeouts_.whole == Duration::zero()) return timeouts_.whole;
  return std::max(timeouts_.whole - (clock_.now() - begun_), Duration(1));
}

std::string Progress::told(const Error& error, const Route& route) const {
  // Only what ran out here is told as a time: a peer's own timeout has words of its own.
  bool late = error.is(Code::timed_out) && error.where().empty();
  std::string within = " within " + format_duration(limit_);
  std::string why = ": " + error.text();
  std::string connected =
      reused_ ? "on a kept connection to " + route.peer()
              : "connected to " + peer_.text() + " in " + format_duration(connected_in_);
  switch (step_) {
    case Step::waiting:
      return late ? "all connections to " + route.peer() + " were in use, none was free" + within
                  : "no connection" + why;
    case Step::resolving:
      return "the name " + route.passage->name + (late ? " was not resolved" + within : why);
    case Step::connecting:
      return late ? "not connected to " + route.peer() + within : error.text();
    case Step::tunnelling:
      return connected + ", no tunnel to " + route.passage->tunnel + (late ? within : why);
    case Step::securing:
      return connected + ", no TLS with " + route.passage->secured + (late ? within : why);
    case Step::asking:
      return connected + ", no answer" + (late ? within : why);
  }
  return "";
}

}  // namespace berth::http::detail
