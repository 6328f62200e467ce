#include "observe/promql/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "observe/promql/check_types.h"
#include "observe/promql/lexer.h"

namespace berth::promql {
namespace {

struct Infix {
  std::string_view text;
  Operator op;
  int precedence;
};
constexpr int power_precedence = 6;
constexpr Infix infixes[] = {
    {"or", Operator::logical_or, 1},    {"and", Operator::logical_and, 2},
    {"unless", Operator::unless, 2},    {"==", Operator::equal, 3},
    {"!=", Operator::not_equal, 3},     {"<", Operator::less, 3},
    {"<=", Operator::less_equal, 3},    {">", Operator::greater, 3},
    {">=", Operator::greater_equal, 3}, {"+", Operator::add, 4},
    {"-", Operator::subtract, 4},       {"*", Operator::multiply, 5},
    {"/", Operator::divide, 5},         {"%", Operator::modulo, 5},
    {"atan2", Operator::atan2, 5},      {"^", Operator::power, power_precedence},
};

constexpr std::pair<std::string_view, Fold> folds[] = {
    {"sum", Fold::sum},         {"avg", Fold::avg},           {"count", Fold::count},
    {"min", Fold::min},         {"max", Fold::max},           {"group", Fold::group},
    {"stddev", Fold::stddev},   {"stdvar", Fold::stdvar},     {"topk", Fold::topk},
    {"bottomk", Fold::bottomk}, {"quantile", Fold::quantile}, {"count_values", Fold::count_values},
};

/// Recursive descent; binary operators by their precedence.
class Parser {
 public:
  Parser(std::string_view text, std::vector<Token> tokens)
      : text_(text), tokens_(std::move(tokens)) {}

  Result<NodePtr> whole() {
    if (here().kind == Token::Kind::end) return fault("no expression found in input");
    NodePtr node = TRY(expression(1));
    if (here().kind != Token::Kind::end) return unexpected("");
    return node;
  }

  Result<std::vector<Matcher>> selector_alone() {
    NodePtr node = TRY(primary());
    auto* found = std::get_if<Selector>(&node->body);
    if (here().kind != Token::Kind::end || !found) return unexpected("");
    return std::move(found->matchers);
  }

 private:
  const Token& here() const { return tokens_[at_]; }
  const Token& ahead() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool take_symbol(std::string_view symbol) {
    if (!here().is(symbol)) return false;
    take();
    return true;
  }
  bool is_word(std::string_view word) const {
    return here().kind == Token::Kind::identifier && equal_ignoring_case(here().text, word);
  }
  bool take_word(std::string_view word) {
    if (!is_word(word)) return false;
    take();
    return true;
  }

  Error fault_at(std::size_t at, std::string_view message) const {
    return parse_error(text_, at, message);
  }
  Error fault(std::string_view message) const { return fault_at(here().begin, message); }
  Error unexpected(std::string_view context, std::string_view expected = "") const {
    std::string found = "end of input";
    if (here().kind != Token::Kind::end) {
      std::string_view kind = here().kind == Token::Kind::number     ? "number "
                              : here().kind == Token::Kind::duration ? "duration "
                              : here().kind == Token::Kind::text     ? "string "
                              : here().kind == Token::Kind::symbol   ? ""
                                                                     : "identifier ";
      found = fmt::format("{}\"{}\"", kind, here().text);
    }
    std::string message = "unexpected " + found;
    if (!context.empty()) message += fmt::format(" in {}", context);
    if (!expected.empty()) message += fmt::format(", expected {}", expected);
    return fault(message);
  }
  Result<void> expect(std::string_view symbol, std::string_view context) {
    if (take_symbol(symbol)) return {};
    return unexpected(context, fmt::format("\"{}\"", symbol));
  }

  /// Sets type and place, after refusing what does not fit together.
  Result<NodePtr> made(decltype(Node::body) body, std::size_t begin, std::size_t depth) {
    auto node = std::make_unique<Node>();
    node->body = std::move(body);
    node->begin = begin;
    node->end = at_ > 0 ? tokens_[at_ - 1].end() : 0;
    node->depth = depth + 1;
    if (node->depth > depth_max) {
      return fault_at(
          begin, fmt::format("expressions may stand at most {} deep in each other", depth_max));
    }
    auto type = check_types(*node);
    if (!type.ok()) return fault_at(begin, type.error().message());
    node->type = *type;
    return node;
  }

  const Infix* infix() const {
    bool word = here().kind == Token::Kind::identifier;
    if (!word && here().kind != Token::Kind::symbol) return nullptr;
    for (auto& each : infixes) {
      if (word ? equal_ignoring_case(here().text, each.text) : here().text == each.text) {
        return &each;
      }
    }
    return nullptr;
  }

  Result<NodePtr> expression(int least) {
    if (++depth_ > depth_max) {
      return fault(fmt::format("expressions may stand at most {} deep in each other", depth_max));
    }
    NodePtr left = TRY(unary());
    while (const Infix* found = infix()) {
      if (found->precedence < least) break;
      take();
      Binary binary{found->op, std::move(left), nullptr, false, {}};
      auto read = modifiers(binary);
      if (!read.ok()) return std::move(read).error();
      bool right_first = found->op == Operator::power;
      binary.right = TRY(expression(found->precedence + (right_first ? 0 : 1)));
      std::size_t begin = binary.left->begin;
      std::size_t depth = std::max(binary.left->depth, binary.right->depth);
      left = TRY(made(std::move(binary), begin, depth));
    }
    --depth_;
    return left;
  }

  /// A sign binds more loosely than ^, more tightly than *.
  Result<NodePtr> unary() {
    bool minus = here().is("-");
    if (!minus && !here().is("+")) return postfix();
    std::size_t begin = take().begin;
    NodePtr of = TRY(expression(power_precedence));
    if (of->type != Type::scalar && of->type != Type::vector) {
      return fault_at(begin, fmt::format("unary expression only allowed on expressions of type "
                                         "scalar or instant vector, got \"{}\"",
                                         type_text(of->type)));
    }
    if (!minus) return of;
    if (auto* number = std::get_if<Number>(&of->body)) {
      number->value = -number->value;
      of->begin = begin;
      return of;
    }
    std::size_t depth = of->depth;
    return made(Negation{std::move(of)}, begin, depth);
  }

  Result<void> modifiers(Binary& binary) {
    if (take_word("bool")) binary.returns_bool = true;
    auto& matching = binary.matching;
    if (is_set(binary.op)) matching.kind = Matching::Kind::many_to_many;
    bool on = is_word("on");
    if (!on && !is_word("ignoring")) return {};
    take();
    matching.on = on;
    auto labels = label_list();
    if (!labels.ok()) return std::move(labels).error();
    matching.labels = std::move(*labels);
    bool left = is_word("group_left");
    if (!left && !is_word("group_right")) return {};
    if (is_set(binary.op)) {
      return fault(
          fmt::format("no grouping allowed for \"{}\" operation", operator_text(binary.op)));
    }
    take();
    matching.kind = left ? Matching::Kind::many_to_one : Matching::Kind::one_to_many;
    if (!here().is("(")) return {};
    auto include = label_list();
    if (!include.ok()) return std::move(include).error();
    matching.include = std::move(*include);
    for (auto& each : matching.include) {
      if (on && std::ranges::find(matching.labels, each) != matching.labels.end()) {
        return fault(
            fmt::format("label \"{}\" must not occur in ON and GROUP clause at once", each));
      }
    }
    return {};
  }

  Result<std::vector<std::string>> label_list() {
    auto opened = expect("(", "grouping opts");
    if (!opened.ok()) return std::move(opened).error();
    std::vector<std::string> labels;
    while (!here().is(")")) {
      if (here().kind != Token::Kind::identifier) return unexpected("grouping opts", "label");
      labels.emplace_back(take().text);
      if (!take_symbol(",")) break;
    }
    auto closed = expect(")", "grouping opts");
    if (!closed.ok()) return std::move(closed).error();
    return labels;
  }

  Result<NodePtr> postfix() {
    NodePtr node = TRY(primary());
    for (;;) {
      Result<NodePtr> next = std::move(node);
      if (here().is("[")) {
        next = range(std::move(*next));
      } else if (is_word("offset")) {
        next = offset(std::move(*next));
      } else if (here().is("@")) {
        next = at(std::move(*next));
      } else {
        return next;
      }
      if (!next.ok()) return next;
      node = std::move(*next);
    }
  }

  Result<std::int64_t> duration(std::string_view context) {
    if (here().kind != Token::Kind::duration) {
      if (here().kind != Token::Kind::number || here().text != "0") {
        return unexpected(context, "duration");
      }
    }
    auto value = read_duration(here().text);
    if (!value.ok()) return fault(value.error().message());
    take();
    return *value;
  }

  Result<NodePtr> range(NodePtr of) {
    std::size_t bracket = take().begin;
    std::int64_t range = TRY(duration("range"));
    if (range <= 0) return fault_at(bracket + 1, "duration must be greater than 0");
    if (take_symbol(":")) {
      Subquery subquery;
      subquery.range = range;
      if (!here().is("]")) {
        subquery.step = TRY(duration("subquery"));
        if (subquery.step <= 0) return fault("duration must be greater than 0");
      }
      auto closed = expect("]", "subquery");
      if (!closed.ok()) return std::move(closed).error();
      std::size_t begin = of->begin, depth = of->depth;
      subquery.of = std::move(of);
      return made(std::move(subquery), begin, depth);
    }
    auto closed = expect("]", "range");
    if (!closed.ok()) return std::move(closed).error();
    auto* selector = std::get_if<Selector>(&of->body);
    if (!selector || selector->range > 0 || of->in_parentheses) {
      return fault_at(bracket, "ranges only allowed for vector selectors");
    }
    if (selector->offset != 0) {
      return fault_at(bracket, "no offset modifiers allowed before range");
    }
    if (selector->at.kind != At::Kind::none) {
      return fault_at(bracket, "no @ modifiers allowed before range");
    }
    selector->range = range;
    of->type = Type::matrix;
    of->end = tokens_[at_ - 1].end();
    return of;
  }

  /// Where a modifier goes, or null: only selectors and subqueries take one.
  static std::pair<std::int64_t*, At*> modified(Node& of) {
    if (of.in_parentheses) return {};
    if (auto* selector = std::get_if<Selector>(&of.body)) return {&selector->offset, &selector->at};
    if (auto* sub = std::get_if<Subquery>(&of.body)) return {&sub->offset, &sub->at};
    return {};
  }

  Result<NodePtr> offset(NodePtr of) {
    take();
    bool minus = here().is("-");
    if (minus || here().is("+")) take();
    std::int64_t value = TRY(duration("offset"));
    std::int64_t* place = modified(*of).first;
    if (!place) {
      return fault_at(of->begin,
                      "offset modifier must be preceded by an instant vector selector "
                      "or range vector selector or a subquery");
    }
    if (*place != 0) return fault_at(of->begin, "offset may not be set multiple times");
    *place = minus ? -value : value;
    of->end = tokens_[at_ - 1].end();
    return of;
  }

  Result<NodePtr> at(NodePtr of) {
    take();
    At value;
    if (is_word("start") || is_word("end")) {
      value.kind = is_word("start") ? At::Kind::start : At::Kind::end;
      take();
      auto opened = expect("(", "@");
      if (!opened.ok()) return std::move(opened).error();
      auto closed = expect(")", "@");
      if (!closed.ok()) return std::move(closed).error();
    } else {
      bool minus = here().is("-");
      if (minus || here().is("+")) take();
      double seconds = TRY(number("@", "timestamp"));
      if (!(std::abs(seconds) < 9.2e15)) {
        return fault("timestamp out of bounds for @ modifier");
      }
      value.kind = At::Kind::time;
      value.time = static_cast<std::int64_t>(std::round((minus ? -seconds : seconds) * 1000));
    }
    At* place = modified(*of).second;
    if (!place) {
      return fault_at(of->begin,
                      "@ modifier must be preceded by an instant vector selector or "
                      "range vector selector or a subquery");
    }
    if (place->kind != At::Kind::none) {
      return fault_at(of->begin, "@ <timestamp> may not be set multiple times");
    }
    *place = value;
    of->end = tokens_[at_ - 1].end();
    return of;
  }

  bool at_number() const {
    return here().kind == Token::Kind::number ||
           (here().kind == Token::Kind::identifier && !ahead().is("(") && !ahead().is("{") &&
            (is_word("inf") || is_word("nan")));
  }

  Result<double> number(std::string_view context, std::string_view expected) {
    if (!at_number()) return unexpected(context, expected);
    auto value = read_number(here().text);
    if (!value.ok()) return fault(value.error().message());
    take();
    return *value;
  }

  Result<NodePtr> primary() {
    std::size_t begin = here().begin;
    if (take_symbol("(")) {
      NodePtr inner = TRY(expression(1));
      auto closed = expect(")", "paren expression");
      if (!closed.ok()) return std::move(closed).error();
      inner->in_parentheses = true;
      return inner;
    }
    if (here().is("{")) return selector("", begin);
    if (at_number()) return made(Number{TRY(number("", ""))}, begin, 0);
    if (here().kind == Token::Kind::text) {
      auto value = read_text(here().text);
      if (!value.ok()) return fault(value.error().message());
      take();
      return made(Text{std::move(*value)}, begin, 0);
    }
    if (here().kind == Token::Kind::metric) return selector(take().text, begin);
    if (here().kind != Token::Kind::identifier) return unexpected("");
    for (auto& [name, fold] : folds) {
      if (!is_word(name)) continue;
      std::string_view next = ahead().text;
      bool grouped = ahead().kind == Token::Kind::identifier &&
                     (equal_ignoring_case(next, "by") || equal_ignoring_case(next, "without"));
      if (grouped || ahead().is("(")) return aggregation(fold);
    }
    if (ahead().is("(")) return call();
    return selector(take().text, begin);
  }

  Result<NodePtr> call() {
    std::size_t begin = here().begin;
    const Function* function = find_function(here().text);
    if (!function) return fault(fmt::format("unknown function with name \"{}\"", here().text));
    take();
    auto arguments = TRY(argument_list());
    std::size_t depth = 0;
    for (auto& each : arguments) depth = std::max(depth, each->depth);
    return made(Call{function, std::move(arguments)}, begin, depth);
  }

  Result<std::vector<NodePtr>> argument_list() {
    auto opened = expect("(", "call");
    if (!opened.ok()) return std::move(opened).error();
    std::vector<NodePtr> arguments;
    while (!here().is(")")) {
      arguments.push_back(TRY(expression(1)));
      if (!take_symbol(",")) break;
      if (here().is(")")) return fault("trailing commas not allowed in function call args");
    }
    auto closed = expect(")", "call");
    if (!closed.ok()) return std::move(closed).error();
    return arguments;
  }

  Result<bool> grouping(Aggregation& out) {
    bool without = is_word("without");
    if (!without && !is_word("by")) return false;
    take();
    out.without = without;
    out.labels = TRY(label_list());
    return true;
  }

  Result<NodePtr> aggregation(Fold fold) {
    std::size_t begin = take().begin;
    Aggregation out{fold, nullptr, nullptr, {}, false};
    bool before = TRY(grouping(out));
    auto arguments = TRY(argument_list());
    if (!before) std::ignore = TRY(grouping(out));
    if (arguments.empty()) {
      return fault_at(begin, "no arguments for aggregate expression provided");
    }
    bool parametric = fold >= Fold::topk;
    if (arguments.size() != (parametric ? 2u : 1u)) {
      return fault_at(begin, fmt::format("wrong number of arguments for aggregate expression "
                                         "provided, expected {}, got {}",
                                         parametric ? 2 : 1, arguments.size()));
    }
    if (parametric) out.parameter = std::move(arguments.front());
    out.of = std::move(arguments.back());
    std::size_t depth = out.of->depth;
    if (parametric) depth = std::max(depth, out.parameter->depth);
    return made(std::move(out), begin, depth);
  }

  Result<NodePtr> selector(std::string_view name, std::size_t begin) {
    Selector out;
    out.name = name;
    if (!name.empty()) {
      out.matchers.push_back(Matcher::equal(metric_name, out.name));
    }
    if (take_symbol("{")) {
      while (!here().is("}")) {
        out.matchers.push_back(TRY(matcher()));
        if (!name.empty() && out.matchers.back().name() == metric_name) {
          return fault_at(begin, fmt::format("metric name must not be set twice: \"{}\" or \"{}\"",
                                             name, out.matchers.back().value()));
        }
        if (!take_symbol(",")) break;
      }
      auto closed = expect("}", "label matching");
      if (!closed.ok()) return std::move(closed).error();
    }
    auto refuses_nothing = [](const Matcher& each) { return each.accepts(std::string_view()); };
    if (std::ranges::all_of(out.matchers, refuses_nothing)) {
      return fault_at(begin, "vector selector must contain at least one non-empty matcher");
    }
    out.index = selectors_++;
    return made(std::move(out), begin, 0);
  }

  Result<Matcher> matcher() {
    if (here().kind != Token::Kind::identifier) {
      return unexpected("label matching", "identifier or \"}\"");
    }
    std::string name(take().text);
    Matcher::Kind kind{};
    if (take_symbol("=")) {
      kind = Matcher::Kind::equal;
    } else if (take_symbol("!=")) {
      kind = Matcher::Kind::not_equal;
    } else if (take_symbol("=~")) {
      kind = Matcher::Kind::matches;
    } else if (take_symbol("!~")) {
      kind = Matcher::Kind::matches_not;
    } else {
      return unexpected("label matching", "label matching operator");
    }
    if (here().kind != Token::Kind::text) return unexpected("label matching", "string");
    auto value = read_text(here().text);
    if (!value.ok()) return fault(value.error().message());
    auto made = Matcher::make(kind, std::move(name), std::move(*value));
    if (!made.ok()) return fault(made.error().message());
    take();
    return made;
  }

  std::string_view text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t selectors_ = 0;
};

Result<Parser> parser_of(std::string_view text) {
  if (text.size() > query_bytes_max) {
    return Error(Code::invalid, fmt::format("1:1: parse error: an expression may have at most {} "
                                            "bytes",
                                            query_bytes_max));
  }
  return Parser(text, TRY(cut_tokens(text)));
}

}  // namespace

Result<NodePtr> parse_expression(std::string_view text) {
  Parser parser = TRY(parser_of(text));
  return parser.whole();
}

Result<std::vector<Matcher>> parse_selector(std::string_view text) {
  Parser parser = TRY(parser_of(text));
  return parser.selector_alone();
}

std::size_t count_selectors(const Node& node) {
  struct Count {
    std::size_t operator()(const Selector&) { return 1; }
    std::size_t operator()(const Number&) { return 0; }
    std::size_t operator()(const Text&) { return 0; }
    std::size_t operator()(const Subquery& each) { return count_selectors(*each.of); }
    std::size_t operator()(const Negation& each) { return count_selectors(*each.of); }
    std::size_t operator()(const Binary& each) {
      return count_selectors(*each.left) + count_selectors(*each.right);
    }
    std::size_t operator()(const Aggregation& each) {
      return count_selectors(*each.of) + (each.parameter ? count_selectors(*each.parameter) : 0);
    }
    std::size_t operator()(const Call& each) {
      std::size_t sum = 0;
      for (auto& argument : each.arguments) sum += count_selectors(*argument);
      return sum;
    }
  };
  return std::visit(Count(), node.body);
}

std::string_view operator_text(Operator op) {
  for (auto& each : infixes) {
    if (each.op == op) return each.text;
  }
  return {};
}

}  // namespace berth::promql
