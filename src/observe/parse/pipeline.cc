#include "observe/parse/pipeline.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/strings.h"
#include "observe/parse/csv.h"
#include "observe/parse/dissect.h"
#include "observe/parse/grok.h"
#include "observe/parse/haproxy_line.h"
#include "observe/parse/json_line.h"
#include "observe/parse/key_value.h"
#include "observe/parse/number.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {
namespace {

Result<std::shared_ptr<const re2::RE2>> expression_of(const std::string& text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto made = std::make_shared<re2::RE2>(text, options);
  if (made->ok()) return std::shared_ptr<const re2::RE2>(made);
  std::size_t at = made->error_arg().empty() ? text.npos : text.find(made->error_arg());
  std::string place = at == text.npos ? "" : fmt::format("column {}: ", at + 1);
  return Error(Code::invalid, place + made->error());
}

Error at_place(std::string_view list, std::size_t index, const Error& error) {
  return {error.code(), fmt::format("{}[{}]: {}", list, index, error.message())};
}

/// "%{field}" in a text that is set.
std::string filled(std::string_view form, const Record& record) {
  std::string out;
  for (;;) {
    std::size_t begin = form.find("%{");
    std::size_t end = begin == form.npos ? form.npos : form.find('}', begin);
    if (end == form.npos) return out + std::string(form);
    out += form.substr(0, begin);
    out += record.text_of(form.substr(begin + 2, end - begin - 2));
    form.remove_prefix(end + 1);
  }
}

Json converted(const Json& value, std::string_view type) {
  std::string text = value.is_string() ? *value.string() : value.text();
  if (type == "int") return value.integer() ? value : Json(leading_integer(text));
  if (type == "float") return leading_number(text);
  if (type == "bool") return lower(text) == "true" || text == "1" || lower(text) == "yes";
  return Json(std::move(text));
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

template <class F>
void change_text(Record& record, const std::string& field, F how) {
  Json* value = record.find(field);
  if (value && value->is_string()) *value = Json(how(*value->string()));
}

bool parse_haproxy(std::string_view line, FieldNames names, Record& record) {
  HaproxyLine read;
  if (!read_haproxy_line(line, read)) return false;
  read.add_fields(record, names);
  return true;
}

bool parse_syslog(std::string_view line, const DateContext& context, Record& record) {
  SyslogMessage read = read_syslog(line, context);
  if (!read.has_priority && !read.time) return false;
  read.add_fields(record);
  record.set("message", Json(read.text));
  record.time = read.time;
  return true;
}

constexpr std::string_view parser_words =
    "haproxy, apache, nginx, json, logfmt, syslog, grok PATTERN, dissect PATTERN, csv NAMES or "
    "key_value BETWEEN_PAIRS IN_PAIR";

}  // namespace

Pipeline::Pipeline(Pipeline&&) noexcept = default;
Pipeline& Pipeline::operator=(Pipeline&&) noexcept = default;
Pipeline::~Pipeline() = default;

Result<Pipeline::Parser> Pipeline::plain_parser(const std::string& text, FieldNames names) {
  if (text == "haproxy") {
    return Parser{text, [names](std::string_view line, const DateContext&, Record& record) {
                    return parse_haproxy(line, names, record);
                  }};
  }
  if (text == "json") {
    return Parser{text, [](std::string_view line, const DateContext&, Record& record) {
                    return read_json_line(line, record);
                  }};
  }
  if (text == "logfmt") {
    return Parser{text, [](std::string_view line, const DateContext&, Record& record) {
                    return read_key_values(line, {}, record);
                  }};
  }
  if (text == "syslog") {
    return Parser{text, [](std::string_view line, const DateContext& context, Record& record) {
                    return parse_syslog(line, context, record);
                  }};
  }
  return Error(Code::invalid, fmt::format("a parser is {}; found '{}'", parser_words, text));
}

Result<Pipeline::Parser> Pipeline::parser_of(const std::string& text, const PatternSet& patterns,
                                             FieldNames names) {
  auto words = split_once(text, ' ');
  std::string_view kind = words ? words->first : text;
  std::string_view rest = words ? words->second : "";
  if (kind == "apache" || kind == "nginx") rest = "%{COMBINEDAPACHELOG}";
  if (kind == "grok" || kind == "apache" || kind == "nginx") {
    auto grok = std::make_shared<Grok>(TRY(Grok::compile(patterns, rest)));
    return Parser{text,
                  [grok](std::string_view line, const DateContext&, Record& record) {
                    return grok->match(line, record);
                  },
                  true};
  }
  if (kind == "dissect") {
    auto dissect = std::make_shared<Dissect>(TRY(Dissect::compile(rest)));
    return Parser{text, [dissect](std::string_view line, const DateContext&, Record& record) {
                    return dissect->match(line, record);
                  }};
  }
  if (kind == "csv") {
    std::vector<std::string> columns;
    char separator = rest.contains(';') ? ';' : ',';
    for (auto name : split(rest, separator)) columns.emplace_back(trim(name));
    return Parser{text,
                  [columns, separator](std::string_view line, const DateContext&, Record& record) {
                    return read_csv(line, separator, columns, record);
                  }};
  }
  if (kind == "key_value") {
    auto signs = split_once(rest, ' ');
    if (!signs || signs->first.empty() || signs->second.empty()) {
      return Error(Code::invalid, "key_value needs two words, as in 'key_value & ='");
    }
    KeyValueForm form{std::string(signs->first), std::string(signs->second), true};
    return Parser{text, [form](std::string_view line, const DateContext&, Record& record) {
                    return read_key_values(line, form, record);
                  }};
  }
  return plain_parser(text, names);
}

Result<Pipeline> Pipeline::compile(
    PipelineSpec spec, const std::function<Result<TimeZone>(const std::string&)>& zones) {
  Pipeline out;
  PatternSet patterns = PatternSet::core(spec.names);
  for (auto& [name, definition] : spec.patterns) {
    auto added = patterns.add(name, definition);
    if (!added.ok()) return std::move(added).error();
  }
  for (std::size_t i = 0; i < spec.parsers.size(); ++i) {
    auto parser = parser_of(spec.parsers[i], patterns, spec.names);
    if (!parser.ok()) return at_place("parsers", i, parser.error());
    out.parsers_.push_back(std::move(*parser));
  }
  if (!spec.date_zone.empty()) out.context_.zone = TRY(zones(spec.date_zone));
  out.spec_ = std::move(spec);
  TRY(out.compile_steps());
  return out;
}

Result<void> Pipeline::compile_steps() {
  for (std::size_t i = 0; i < spec_.date_forms.size(); ++i) {
    auto form = DateFormat::compile(spec_.date_forms[i]);
    if (!form.ok()) return at_place("date.forms", i, form.error());
    dates_.push_back(std::move(*form));
  }
  for (std::size_t i = 0; i < spec_.replace.size(); ++i) {
    auto expression = expression_of(spec_.replace[i].pattern);
    if (!expression.ok()) return at_place("replace", i, expression.error());
    replacements_.push_back(std::move(*expression));
  }
  for (std::size_t i = 0; i < spec_.convert.size(); ++i) {
    auto& type = spec_.convert[i].second;
    if (type == "int" || type == "float" || type == "string" || type == "bool") continue;
    return at_place(
        "convert", i,
        Error(Code::invalid, fmt::format("a type is int, float, string or bool, not '{}'", type)));
  }
  drops_ = TRY(conditions(spec_.drop, "drop"));
  samples_ = TRY(conditions(spec_.sample, "sample"));
  return {};
}

Result<std::vector<Pipeline::Condition>> Pipeline::conditions(const std::vector<FieldCondition>& of,
                                                              std::string_view where) {
  std::vector<Condition> out;
  for (std::size_t i = 0; i < of.size(); ++i) {
    auto expression = expression_of(of[i].matches);
    if (!expression.ok()) return at_place(where, i, expression.error());
    if (where == "sample" && of[i].one_in == 0) {
      return at_place(where, i, Error(Code::invalid, "one_in is at least 1"));
    }
    out.push_back({of[i].field, std::move(*expression), of[i].one_in});
  }
  return out;
}

bool Pipeline::parse_with(std::size_t index, std::string_view line, WallTime now,
                          Record& record) const {
  DateContext context = context_;
  context.now = now;
  return parsers_[index].parse(line, context, record);
}

void Pipeline::read_date(Record& record) const {
  if (spec_.date_field.empty()) return;
  std::string text = record.text_of(spec_.date_field);
  if (text.empty()) return;
  for (auto& form : dates_) {
    record.time = form.read(text, context_);
    if (record.time) return;
  }
  record.tag("_dateparsefailure");
}

void Pipeline::change(Record& record) const {
  for (auto& [from, to] : spec_.rename) {
    if (const Json* value = record.find(from)) {
      Json moved = *value;
      record.remove(from);
      record.set(to, std::move(moved));
    }
  }
  for (auto& [field, type] : spec_.convert) {
    if (Json* value = record.find(field)) *value = converted(*value, type);
  }
  for (auto& [field, form] : spec_.set) record.set(field, Json(filled(form, record)));
  for (std::size_t i = 0; i < replacements_.size(); ++i) {
    change_text(record, spec_.replace[i].field, [&](std::string text) {
      re2::RE2::GlobalReplace(&text, *replacements_[i], spec_.replace[i].with);
      return text;
    });
  }
  for (auto& field : spec_.lower) {
    change_text(record, field, [](const std::string& text) { return lower(text); });
  }
  for (auto& field : spec_.upper) change_text(record, field, upper);
  for (auto& field : spec_.remove) record.remove(field);
}

Pipeline::Fate Pipeline::fate_of(const Record& record) {
  auto holds = [&](const Condition& condition) {
    return record.find(condition.field) &&
           re2::RE2::PartialMatch(record.text_of(condition.field), *condition.expression);
  };
  for (auto& drop : drops_) {
    if (holds(drop)) return Fate::dropped;
  }
  for (auto& sample : samples_) {
    if (holds(sample)) return sample.seen++ % sample.one_in == 0 ? Fate::kept : Fate::sampled_out;
  }
  return Fate::kept;
}

Pipeline::Outcome Pipeline::run(std::string line, WallTime now) {
  Outcome out;
  context_.now = now;
  repair_utf8(line);
  out.record.line = std::move(line);
  bool grok = false;
  for (auto& parser : parsers_) {
    grok = grok || parser.grok;
    if (parser.parse(out.record.line, context_, out.record)) {
      out.parser = parser.name;
      break;
    }
  }
  if (out.parser.empty() && !parsers_.empty()) {
    out.record.tag("_parsefailure");
    if (grok) out.record.tag("_grokparsefailure");
  }
  read_date(out.record);
  change(out.record);
  out.fate = fate_of(out.record);
  if (out.fate == Fate::kept) out.redacted = redact(out.record, spec_.redaction);
  return out;
}

}  // namespace berth::observe
