#include "observe/parse/grok.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>
#include <set>
#include <utility>

#include "observe/parse/number.h"

namespace berth::observe {
namespace {

Json converted(std::string_view text, GrokType type) {
  if (type == GrokType::integer) return leading_integer(text);
  if (type == GrokType::floating) return leading_number(text);
  return Json(text);
}

bool all_differ(const std::vector<GrokField>& fields) {
  std::set<std::string_view> names;
  for (auto& field : fields) names.insert(field.name);
  return names.size() == fields.size();
}

re2::RE2::Options options() {
  re2::RE2::Options out;
  out.set_log_errors(false);
  out.set_max_mem(Grok::memory_bytes_max);
  return out;
}

}  // namespace

Grok::Grok(std::string pattern, GrokExpression expression)
    : pattern_(std::move(pattern)),
      fields_(std::move(expression.fields)),
      names_differ_(all_differ(fields_)),
      expression_(std::make_unique<re2::RE2>(expression.text, options())) {}
Grok::Grok(Grok&&) noexcept = default;
Grok& Grok::operator=(Grok&&) noexcept = default;
Grok::~Grok() = default;

Result<Grok> Grok::compile(const PatternSet& patterns, std::string_view pattern) {
  Grok grok(std::string(pattern), TRY(read_grok(patterns, pattern)));
  if (!grok.expression_->ok()) {
    // RE2 tells no place, but the part that it does not take.
    std::string part = grok.expression_->error_arg();
    std::size_t at = part.empty() ? pattern.npos : pattern.find(part);
    std::string place = at == pattern.npos ? "" : fmt::format("column {}: ", at + 1);
    return Error(Code::invalid, place + grok.expression_->error());
  }
  return grok;
}

bool Grok::match(std::string_view text, Record& record) const {
  std::array<re2::StringPiece, grok_fields_max + 1> groups;
  auto count = static_cast<int>(fields_.size()) + 1;
  if (!expression_->Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED,
                          groups.data(), count)) {
    return false;
  }
  bool nothing_to_meet = names_differ_ && record.fields.empty();
  record.fields.reserve(record.fields.size() + fields_.size());
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    auto& group = groups[i + 1];
    if (group.empty()) continue;
    Json value = converted({group.data(), group.size()}, fields_[i].type);
    if (nothing_to_meet) {
      record.fields.push_back({fields_[i].name, std::move(value)});
    } else {
      record.add(fields_[i].name, std::move(value));
    }
  }
  return true;
}

}  // namespace berth::observe
