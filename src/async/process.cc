#include "async/process.h"

#include <cstring>

#include "async/gather.h"

namespace berth {

std::string ExitStatus::text() const {
  std::string told = "exit " + std::to_string(code);
  if (signal != 0) {
    const char* name = sigabbrev_np(signal);
    told = "killed by signal " + std::to_string(signal) +
           (name ? " (SIG" + std::string(name) + ")" : "");
  }
  return note.empty() ? told : told + ": " + note;
}

namespace {

/// Kills what still runs when it goes.
struct Killed {
  explicit Killed(Child& of) : child(of) {}
  ~Killed() { child.send_signal(SIGKILL, true); }
  Child& child;
};

Deferred<void> feed(ByteStream& to, std::string text) {
  if (!text.empty()) {
    auto written = co_await to.write(Bytes::copy(text)).result();
    // A child may end, or close its input, without having read it: its status tells more.
    if (!written.ok() && !written.error().is(Code::reset)) co_await fail_with(written.error());
  }
  to.close();
}

Deferred<void> collect(ByteStream& from, std::string& text, std::size_t bytes_max) {
  for (;;) {
    Bytes part = co_await from.read(64 << 10);
    if (part.empty()) co_return;
    if (text.size() + part.size() > bytes_max) {
      co_await fail_with(Error(Code::overloaded,
                               "a child said more than " + std::to_string(bytes_max) + " bytes"));
    }
    text += part.view();
  }
}

}  // namespace

Deferred<ProcessOutput> run_process(Process& process, SpawnSpec spec, std::string input,
                                    std::size_t bytes_max) {
  spec.pipes = true;
  auto child = co_await process.spawn(std::move(spec));
  Killed killed(*child);
  ProcessOutput said;
  co_await gather_results(together(feed(*child->pipes.input, std::move(input)),
                                   collect(*child->pipes.output, said.output, bytes_max),
                                   collect(*child->pipes.errors, said.errors, bytes_max)));
  said.status = co_await child->wait();
  co_return said;
}

}  // namespace berth
