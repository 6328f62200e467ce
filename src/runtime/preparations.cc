#include "runtime/preparations.h"

#include "base/strings.h"
#include "base/utf8.h"

namespace berth::runtime {
namespace {
constexpr std::size_t line_bytes_max = 200;
}

Deferred<void> Preparations::prepare(Driver& driver, const placement::ServiceSpec& service,
                                     std::uint64_t version) {
  Key key{service.name, version};
  bool begins = !under_way_.contains(key);
  auto done = under_way_[key].waiting.wait();
  if (begins) scope_.add(run(driver, service, std::move(key)));
  return done;
}

std::string Preparations::line(const std::string& service, std::uint64_t version) const {
  auto found = under_way_.find({service, version});
  return found == under_way_.end() ? "" : found->second.line;
}

Deferred<void> Preparations::run(Driver& driver, placement::ServiceSpec service, Key key) {
  auto progress = [this, key](std::string_view line) {
    auto found = under_way_.find(key);
    line = trim(line);
    if (found == under_way_.end() || line.empty()) return;
    found->second.line = cut_text(line, line_bytes_max);
  };
  auto done = co_await driver.prepare(service, key.second, progress).result();
  auto ended = under_way_.extract(key);  // who asks from now on begins anew
  auto& waiting = ended.mapped().waiting;
  if (!done.ok()) {
    waiting.fail_all(done.error());
  } else {
    while (!waiting.empty()) waiting.wake();
  }
}

}  // namespace berth::runtime
