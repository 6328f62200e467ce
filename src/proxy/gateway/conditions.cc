#include "proxy/gateway/conditions.h"

#include <re2/re2.h>

namespace berth::proxy::gateway {
namespace {

/// True if the query has the parameter; its value then.
bool query_field(std::string_view query, std::string_view name, std::string_view& value) {
  while (!query.empty()) {
    std::size_t end = query.find('&');
    std::string_view pair = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (!pair.starts_with(name)) continue;
    if (pair.size() == name.size()) {
      value = {};
      return true;
    }
    if (pair[name.size()] == '=') {
      value = pair.substr(name.size() + 1);
      return true;
    }
  }
  return false;
}

}  // namespace

Result<Expression> expression(std::string_view text) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(expression_bytes_max);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // paths are bytes
  auto made = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!made->ok()) return Error(Code::invalid, made->error());
  return Expression(std::move(made));
}

bool fits(const re2::RE2& expression, std::string_view text) {
  re2::StringPiece piece(text.data(), text.size());
  return expression.Match(piece, 0, text.size(), re2::RE2::ANCHOR_BOTH, nullptr, 0);
}

Result<FieldCondition> FieldCondition::parse(std::string name, std::string_view text) {
  FieldCondition out;
  out.name = std::move(name);
  if (text == "*") return out;
  if (text == "!") {
    out.kind = Kind::absent;
  } else if (text.starts_with('~')) {
    out.kind = Kind::matches;
    out.expression = TRY(gateway::expression(text.substr(1)));
  } else {
    out.kind = Kind::equal;
  }
  out.value = text;
  return out;
}

bool FieldCondition::holds(const std::string_view* found) const {
  switch (kind) {
    case Kind::present:
      return found != nullptr;
    case Kind::absent:
      return found == nullptr;
    case Kind::equal:
      return found && *found == value;
    case Kind::matches:
      return found && fits(*expression, *found);
  }
  return false;
}

bool hold(const std::vector<FieldCondition>& conditions, const http::Headers& headers) {
  for (auto& condition : conditions) {
    auto* found = headers.find(condition.name);
    if (!condition.holds(found ? &found->value : nullptr)) return false;
  }
  return true;
}

bool hold(const std::vector<FieldCondition>& conditions, std::string_view query) {
  for (auto& condition : conditions) {
    std::string_view value;
    bool there = query_field(query, condition.name, value);
    if (!condition.holds(there ? &value : nullptr)) return false;
  }
  return true;
}

}  // namespace berth::proxy::gateway
