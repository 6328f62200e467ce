#include "observe/alone/telling_file.h"

namespace berth::observe {
namespace {

/// Tables of observe.toml that only `berth observe run` knows.
constexpr std::string_view others[] = {"observe", "input", "parse", "logs"};

}  // namespace

TellingFile read_telling(TomlReader& reader, std::string_view text, const std::string& folder,
                         std::string_view defaults) {
  TellingFile file;
  file.outputs = read_outputs(reader, folder);
  std::vector<std::string> names;
  for (auto& plan : file.outputs) names.push_back(plan.name);
  file.alerts = read_alerts(reader, names, defaults);
  file.text = text;
  return file;
}

Result<TellingFile> read_telling_file(std::string_view text, const std::string& name,
                                      const std::string& folder, std::string_view defaults) {
  TomlValue value = TRY(TomlValue::parse(text, name));
  TomlErrors errors;
  TomlReader reader(value, "", errors);
  TellingFile file = read_telling(reader, text, folder, defaults);
  for (auto key : others) {
    if (!reader.value(key)) continue;
    reader.fail(key, "is for `berth observe run`; here Berth takes in and keeps by itself");
  }
  reader.finish();
  TRY(errors.result());
  return file;
}

}  // namespace berth::observe
