#include "placement/system_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "base/strings.h"
#include "placement/service_reader.h"
#include "placement/system_text.h"

namespace berth::placement {

namespace {

/// The system as it is in one environment.
struct InEnvironment {
  std::vector<ServiceText> texts;
  std::vector<ServiceSpec> specs;
};

/// Each service may be called by those that need it, by itself, and by the bus if it subscribes.
void declare_callers(std::vector<ServiceSpec>& specs) {
  for (ServiceSpec& called : specs) {
    called.calls.only_declared = true;
    called.calls.callers = {called.name};
    if (!called.on.empty()) called.calls.callers.emplace_back("bus");
    for (const ServiceSpec& caller : specs)
      if (std::ranges::find(caller.needs, called.name) != caller.needs.end())
        called.calls.callers.push_back(caller.name);
  }
}

InEnvironment read_in(const SystemText& text, const std::string& environment,
                      const SystemFiles& files, TomlErrors& errors) {
  InEnvironment out;
  out.texts = services_in(text, environment, errors);
  for (const ServiceText& each : out.texts) out.specs.push_back(read_service(each, files, errors));
  check_together(out.texts, out.specs, errors);
  if (text.only_declared_calls) declare_callers(out.specs);
  return out;
}

/// "dev" needs no table; another environment that has none is a slip of the pen.
void check_environment(const SystemText& text, const std::string& environment, TomlErrors& errors) {
  if (environment == "dev" || text.environments.contains(environment)) return;
  std::vector<std::string_view> names = {"dev"};
  for (const auto& [name, tables] : text.environments) names.push_back(name);
  errors.add({{std::make_shared<const std::string>("berth.toml"), 1, 1},
              fmt::format("there is no [environment.{}]", environment),
              fmt::format("one of {}", fmt::join(names, ", ")),
              std::string(nearest_word(environment, names))});
}

Problem problem_of(const TomlProblem& problem) {
  const TomlPlace& at = problem.place;
  return {at.file ? *at.file : "berth.toml",
          std::max(at.line, 1u),
          std::max(at.column, 1u),
          problem.text,
          problem.expected,
          problem.nearest};
}

/// All that is wrong, each once though it may show in several environments, in the files' order.
class Problems {
 public:
  /// `environment`: in which it shows, where that is not the one that was asked for.
  void add(const TomlErrors& errors, const std::string& environment = "") {
    for (const TomlProblem& each : errors.problems()) {
      Problem problem = problem_of(each);
      if (!told_.insert(problem.line_text()).second) continue;
      if (!environment.empty()) problem.text += fmt::format(" (in environment {})", environment);
      problems_.push_back(std::move(problem));
    }
    left_out_ = std::max(left_out_, errors.count() - errors.problems().size());
  }
  std::vector<Problem> take() {
    std::ranges::sort(problems_, {}, [](const Problem& p) {
      return std::make_tuple(p.file != "berth.toml", p.file, p.line, p.column, p.text);
    });
    if (problems_.size() > TomlErrors::shown_max) {
      left_out_ += problems_.size() - TomlErrors::shown_max;
      problems_.resize(TomlErrors::shown_max);
    }
    if (left_out_ > 0) {
      Problem last = problems_.back();
      last.text = fmt::format("... and {} more", left_out_);
      last.expected = last.nearest = "";
      problems_.push_back(std::move(last));
    }
    return std::move(problems_);
  }

 private:
  std::vector<Problem> problems_;
  std::set<std::string> told_;
  std::size_t left_out_ = 0;
};

std::string line_of(const TomlPlace& place) {
  return fmt::format("{}:{}", *place.file, place.line);
}

/// Where the value of a setting was written: the innermost value on the way to its key.
std::string source_of(const TomlValue& service, std::string_view key) {
  auto text = [](const TomlValue& value) { return line_of(value.place()); };
  if (const TomlValue* whole = service.find(key)) return text(*whole);
  auto parts = split_once(key, '.');
  if (!parts) return "default";
  auto [outer, inner] = *parts;
  const TomlValue* table = service.find(outer);
  if (!table) return "default";
  if (!table->is_table()) return inner == "path" ? text(*table) : "default";
  if (inner.starts_with('"')) inner = inner.substr(1, inner.size() - 2);
  const TomlValue* found = table->find(inner);
  return found ? text(*found) : "default";
}

std::string shown_default(std::string_view key) {
  if (key == "port") return "chosen by Berth, told in $PORT";
  return "none";
}

}  // namespace

std::string Problem::line_text() const {
  std::string meant = nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
  return fmt::format("{}:{}:{}: {}{}", file, line, column, text, meant);
}

ReadSystem read_system(const SystemFiles& files) {
  TomlErrors errors;
  SystemText text = read_text(files, errors);
  ReadSystem out;
  Problems problems;
  if (text.services.size() <= SystemText::services_max) {
    check_environment(text, files.environment, errors);
    InEnvironment chosen = read_in(text, files.environment, files, errors);
    out.spec = {text.name, files.environment, std::move(chosen.specs)};
    problems.add(errors);
    for (const auto& [name, tables] : text.environments) {
      if (name == files.environment) continue;
      TomlErrors others;
      read_in(text, name, files, others);
      problems.add(others, name);
    }
  } else {
    problems.add(errors);
  }
  out.problems = problems.take();
  return out;
}

std::vector<Setting> settings(const SystemFiles& files) {
  TomlErrors errors;
  SystemText text = read_text(files, errors);
  InEnvironment in = read_in(text, files.environment, files, errors);
  if (errors.any()) return {};
  std::vector<Setting> out;
  out.push_back({"system.name", fmt::format("\"{}\"", text.name), line_of(text.name_place)});
  for (std::size_t i = 0; i < in.specs.size(); ++i) {
    for (auto& [key, value] : written_settings(in.specs[i])) {
      if (key == "folder") continue;
      std::string shown = value.empty() ? shown_default(key) : value;
      out.push_back({fmt::format("service.{}.{}", in.specs[i].name, key), std::move(shown),
                     source_of(in.texts[i].table, key)});
    }
  }
  return out;
}

}  // namespace berth::placement
