#include "observe/parse/pipeline_file.h"

namespace berth::observe {
namespace {

std::vector<FieldCondition> conditions(TomlReader& reader, std::string_view key, bool sampled) {
  std::vector<FieldCondition> out;
  reader.each_table(key, [&](TomlReader& each) {
    FieldCondition condition;
    each.require("field");
    condition.field = each.string("field").value_or("");
    condition.matches = each.string("matches").value_or("");
    if (sampled) {
      each.require("one_in");
      condition.one_in =
          static_cast<std::uint32_t>(each.integer("one_in", 1, 1'000'000).value_or(1));
    }
    out.push_back(std::move(condition));
  });
  return out;
}

void read_date(TomlReader& reader, PipelineSpec& spec) {
  auto date = reader.table("date");
  if (!date) return;
  date->require("field");
  date->require("forms");
  spec.date_field = date->string("field").value_or("");
  spec.date_forms = date->strings("forms").value_or(std::vector<std::string>());
  spec.date_zone = date->string("zone").value_or("");
  date->finish();
}

void read_redaction(TomlReader& reader, PipelineSpec& spec) {
  auto kinds = reader.strings("redact");
  if (!kinds) return;
  spec.redaction = {false, false, false};
  for (auto& kind : *kinds) {
    if (kind == "cards") {
      spec.redaction.cards = true;
    } else if (kind == "tokens") {
      spec.redaction.tokens = true;
    } else if (kind == "mails") {
      spec.redaction.mails = true;
    } else {
      reader.fail("redact", "has \"cards\", \"tokens\" and \"mails\", not \"" + kind + "\"");
    }
  }
}

void read_changes(TomlReader& reader, PipelineSpec& spec) {
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  using Names = std::vector<std::string>;
  spec.rename = reader.string_map("rename").value_or(Pairs());
  spec.convert = reader.string_map("convert").value_or(Pairs());
  spec.set = reader.string_map("set").value_or(Pairs());
  spec.lower = reader.strings("lower").value_or(Names());
  spec.upper = reader.strings("upper").value_or(Names());
  spec.remove = reader.strings("remove").value_or(Names());
  reader.each_table("replace", [&](TomlReader& each) {
    each.require("field");
    each.require("pattern");
    spec.replace.push_back({each.string("field").value_or(""), each.string("pattern").value_or(""),
                            each.string("with").value_or("")});
  });
}

}  // namespace

PipelineSpec read_pipeline(TomlReader& reader) {
  PipelineSpec spec;
  std::string names = reader.string("names").value_or("legacy");
  if (names == "ecs") {
    spec.names = FieldNames::ecs;
  } else if (names != "legacy") {
    reader.fail("names", "must be \"legacy\" or \"ecs\"");
  }
  reader.require("parsers");
  spec.parsers = reader.strings("parsers").value_or(std::vector<std::string>());
  if (auto patterns = reader.string_map("patterns")) spec.patterns = std::move(*patterns);
  read_date(reader, spec);
  read_changes(reader, spec);
  spec.drop = conditions(reader, "drop", false);
  spec.sample = conditions(reader, "sample", true);
  read_redaction(reader, spec);
  reader.finish();
  return spec;
}

Result<PipelineSpec> read_pipeline_file(std::string_view text, const std::string& name) {
  TomlValue file = TRY(TomlValue::parse(text, name));
  TomlErrors errors;
  TomlReader reader(file, "", errors);
  PipelineSpec spec = read_pipeline(reader);
  TRY(errors.result());
  return spec;
}

}  // namespace berth::observe
