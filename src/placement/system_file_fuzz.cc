#include <cstdint>

#include "base/check.h"
#include "placement/system_file.h"

// Any file is read or told to be wrong, with a place and a text for each problem; what was read
// survives its way through the Store, and its settings can be told.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace berth;
  using namespace berth::placement;
  SystemFiles files;
  files.folder = "/shop";
  std::string text(reinterpret_cast<const char*>(data), size);
  for (const std::string& path : included_files(text))
    files.texts[path] = "[service.included]\ncommand = \"a\"\n";
  files.texts["berth.toml"] = text;
  ReadSystem system = read_system(files);
  for (const Problem& problem : system.problems)
    check(problem.line > 0 && problem.column > 0 && !problem.text.empty(),
          "a problem without a word");
  check(settings(files).empty() || !system.spec.services.empty(), "settings of nothing");
  if (!system.problems.empty()) return 0;
  for (const ServiceSpec& spec : system.spec.services) {
    Result<Json> json = Json::parse(to_json(spec).text());
    check(json.ok(), "a spec that is no JSON");
    Result<ServiceSpec> again = service_spec_from_json(*json);
    check(again.ok() && *again == spec, "a spec that is not read as it was written");
    check(!spec.run.empty() && differences(spec, *again).empty(),
          "a spec that differs from itself");
  }
  return 0;
}
