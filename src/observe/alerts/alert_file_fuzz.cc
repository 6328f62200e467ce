#include "observe/alerts/alert_file.h"
#include "observe/alerts/rule_alerts.h"
#include "observe/alerts/silences.h"

// Any file: its alerts are read, or told what is wrong with them; any matchers of a silence; what
// was kept of an alert is read again as it was.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace berth;
  using namespace berth::observe;
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Silences silences;
  Silence silence;
  silence.matchers = text.substr(0, 200);
  silence.ends = {1};
  (void)silences.add(std::move(silence));
  if (auto json = Json::parse(text); json.ok()) {
    auto alert = Alert::from(*json);
    if (alert.ok()) {
      auto again = Alert::from(alert->json());
      if (!again.ok() || !(again->labels == alert->labels)) __builtin_trap();
    }
  }
  auto file = TomlValue::parse(text, "observe.toml");
  if (!file.ok()) return 0;
  TomlErrors errors;
  TomlReader reader(*file, "", errors);
  AlertsFile read = read_alerts(reader, {"chat", "mail"});
  if (errors.any()) return 0;
  for (auto& rule : read.rules) {
    if (!rule.query && !rule.events) __builtin_trap();
  }
  return 0;
}
