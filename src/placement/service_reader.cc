#include "placement/service_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/strings.h"
#include "base/toml_text.h"
#include "base/units.h"
#include "catalog/calls.h"

namespace berth::placement {

namespace {

constexpr std::int64_t memory_bytes_min = 4 << 20;
constexpr std::uint32_t instances_max = 1000;

/// The path of an HTTP request: printable ASCII from "/" on, without a fragment.
bool is_request_path(std::string_view text) {
  auto fits = [](char c) { return c > ' ' && c < 0x7f && c != '#' && c != '"' && c != '\\'; };
  return text.starts_with('/') && text.size() <= 2000 && std::ranges::all_of(text, fits);
}
constexpr std::string_view a_request_path = "a path such as \"/health\"";

bool is_topic(std::string_view text) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 200 && std::ranges::all_of(text, fits);
}

bool is_variable(std::string_view text) {
  auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') && std::ranges::all_of(text, fits);
}

/// An absolute path without "." and "..".
std::string absolute_path(const std::string& folder, const std::string& path) {
  std::vector<std::string_view> parts;
  std::string whole = path.starts_with('/') ? path : folder + "/" + path;
  for (std::string_view part : split(whole, '/')) {
    if (part == ".." && !parts.empty()) parts.pop_back();
    if (!part.empty() && part != "." && part != "..") parts.push_back(part);
  }
  return fmt::format("/{}", fmt::join(parts, "/"));
}

/// "api/users" as label and path; nothing if it is no route.
std::optional<catalog::PublicRoute> route_of(std::string_view text) {
  std::size_t slash = std::min(text.find('/'), text.size());
  catalog::PublicRoute route{std::string(text.substr(0, slash)), "", ""};
  if (!is_label(route.label)) return std::nullopt;
  for (std::string_view part : split(text.substr(slash), '/')) {
    auto odd = [](char c) { return c <= ' ' || c >= 0x7f || c == '?' || c == '#' || c == '%'; };
    if (part == "." || part == ".." || std::ranges::any_of(part, odd)) return std::nullopt;
    if (!part.empty()) route.path += "/" + std::string(part);
  }
  if (route.path.empty()) route.path = "/";
  return route;
}

/// Reads the keys of one service into its spec, group by group.
class ServiceReader {
 public:
  ServiceReader(const ServiceText& text, const SystemFiles& files, TomlErrors& errors)
      : text_(text),
        files_(files),
        errors_(errors),
        in_(text.table, "service." + text.name, errors) {
    spec_.name = text.name;
    spec_.folder = files.folder;
  }

  ServiceSpec read() {
    source();
    port();
    number(in_, "instances", 0, instances_max, spec_.instances);
    if (auto cpu = in_.cpu("cpu")) spec_.cpu_millicores = *cpu;
    memory();
    health();
    routes();
    needs();
    calls();
    env();
    subscriptions();
    update();
    in_.not_yet({"secrets", "files", "volumes", "owns", "before", "dev"});
    in_.finish();
    std::size_t bytes = to_json(spec_).text().size();
    if (bytes > spec_bytes_max)
      errors_.add(
          {text_.table.place(),
           fmt::format("the settings of {} take {}; at most {} are kept", in_.path(),
                       format_size(static_cast<std::int64_t>(bytes)), format_size(spec_bytes_max)),
           "", ""});
    return std::move(spec_);
  }

 private:
  using Source = ServiceSpec::Source;

  static void number(TomlReader& in, std::string_view key, std::uint32_t least, std::uint32_t most,
                     std::uint32_t& out) {
    if (auto value = in.integer(key, least, most)) out = static_cast<std::uint32_t>(*value);
  }

  static void duration(TomlReader& in, std::string_view key, Duration least, Duration most,
                       Duration& out) {
    auto value = in.duration(key);
    if (!value) return;
    std::string range = fmt::format("from {} to {}", write_duration(least), write_duration(most));
    if (*value < least || *value > most)
      in.fail(key, fmt::format("must be {}, found {}", range, write_duration(*value)), range);
    else
      out = *value;
  }

  /// A string that says something and holds no zero byte.
  std::optional<std::string> words(TomlReader& in, std::string_view key) {
    auto value = in.string(key);
    if (!value) return std::nullopt;
    if (!trim(*value).empty() && !value->contains('\0')) return value;
    in.fail(key, "must not be empty and must not hold a zero byte");
    return std::nullopt;
  }

  void source() {
    constexpr std::string_view keys[] = {"command", "image", "build"};  // in the order of Source
    std::vector<std::string_view> given;
    for (std::size_t i = 0; i < std::size(keys); ++i) {
      std::optional<std::string> run = words(in_, keys[i]);
      bool overlaid = !text_.sources.empty();
      bool counts = !overlaid || std::ranges::find(text_.sources, keys[i]) != text_.sources.end();
      if (!in_.has(keys[i]) || !counts) continue;
      given.push_back(keys[i]);
      spec_.source = static_cast<Source>(i);
      if (run) spec_.run = std::move(*run);
    }
    if (given.size() != 1) {
      constexpr std::string_view expected = "exactly one of build, image, command";
      const TomlValue& at = given.empty() ? text_.table : *text_.table.find(given.back());
      std::string found = given.empty() ? "none" : fmt::format("{}", fmt::join(given, " and "));
      errors_.add({at.place(),
                   fmt::format("{} must have {}, found {}", in_.path(), expected, found),
                   std::string(expected), ""});
      return;
    }
    if (spec_.source == Source::build) spec_.run = absolute_path(spec_.folder, spec_.run);
    auto odd = [](char c) { return c <= ' ' || c >= 0x7f; };
    if (spec_.source == Source::image && std::ranges::any_of(spec_.run, odd))
      in_.fail("image",
               fmt::format("must be an image's name such as \"users:1.4\", found '{}'", spec_.run));
  }

  void port() {
    const TomlValue* found = in_.value("port");
    if (!found) return;
    if (found->boolean() && !*found->boolean()) {
      spec_.has_port = false;
      return;
    }
    constexpr std::string_view expected = "an integer from 1 to 65535, or false";
    const std::int64_t* port = found->integer();
    if (port && *port >= 1 && *port <= 65535) {
      spec_.port = static_cast<std::uint16_t>(*port);
      return;
    }
    std::string what = port ? fmt::format("{}", *port) : std::string(found->kind());
    if (found->boolean()) what = "true";
    in_.fail("port",
             fmt::format("must be {} (a worker that serves nothing), found {}", expected, what),
             std::string(expected));
  }

  void memory() {
    auto bytes = in_.size("memory");
    if (!bytes) return;
    if (*bytes >= memory_bytes_min)
      spec_.memory_bytes = *bytes;
    else
      in_.fail("memory", fmt::format("must be at least 4MiB, found {}", write_size(*bytes)),
               "a size of at least 4MiB");
  }

  void health() {
    HealthCheck& health = spec_.health;
    health.kind = spec_.has_port ? HealthCheck::Kind::tcp : HealthCheck::Kind::process;
    const TomlValue* found = in_.value("health");
    if (!found) return;
    if (found->string()) {
      health_path(in_, "health", *found->string());
    } else if (auto table = found->is_table() ? in_.table("health") : std::nullopt) {
      health_table(std::move(*table));
    } else {
      constexpr std::string_view expected =
          "a path such as \"/health\", or a table with path, command or tcp";
      in_.fail("health", fmt::format("must be {}, found {}", expected, found->kind()),
               std::string(expected));
    }
  }

  void health_path(TomlReader& in, std::string_view key, const std::string& path) {
    spec_.health.kind = HealthCheck::Kind::http;
    spec_.health.target = path;
    if (!is_request_path(path))
      in.fail(key, fmt::format("must be {}, found '{}'", a_request_path, path),
              std::string(a_request_path), is_request_path("/" + path) ? "/" + path : "");
    else if (!spec_.has_port)
      in.fail(key, "asks over HTTP, but the service has no port", "a command, or a port");
  }

  void health_table(TomlReader in) {
    HealthCheck& health = spec_.health;
    std::vector<std::string_view> given;
    if (auto path = in.string("path")) health_path(in, given.emplace_back("path"), *path);
    if (auto command = words(in, "command")) {
      given.emplace_back("command");
      health.kind = HealthCheck::Kind::command;
      health.target = *command;
    }
    if (auto tcp = in.boolean("tcp")) {
      given.emplace_back("tcp");
      health.kind = HealthCheck::Kind::tcp;
      if (!*tcp)
        in.fail("tcp", "must be true where it stands", "true");
      else if (!spec_.has_port)
        in.fail("tcp", "connects to the service, but it has no port", "a command, or a port");
    }
    if (given.size() > 1)
      in.fail(given.back(), fmt::format("is one too many: {} are given", fmt::join(given, " and ")),
              "one of path, command, tcp");
    duration(in, "interval", 100ms, 1h, health.interval);
    duration(in, "timeout", 10ms, 10min, health.timeout);
    duration(in, "grace", 0s, 24h, health.grace);
    number(in, "rise", 1, 100, health.rise);
    number(in, "fall", 1, 100, health.fall);
    in.finish();
  }

  /// The items of "public": one string, or several.
  std::vector<const TomlValue*> route_values() {
    const TomlValue* found = in_.value("public");
    if (!found) return {};
    if (found->string()) return {found};
    if (found->type() == TomlValue::Type::array) {
      std::vector<const TomlValue*> out;
      for (const TomlValue& item : found->items()) out.push_back(&item);
      return out;
    }
    return {found};
  }

  void routes() {
    constexpr std::string_view expected = "a route such as \"web\" or \"api/users\"";
    auto values = route_values();
    for (const TomlValue* value : values) {
      if (value->is_table()) {
        bool alone = value == in_.table().find("public");
        auto index = std::ranges::find(values, value) - values.begin();
        route_table(*value, in_.path() + ".public" + (alone ? "" : fmt::format("[{}]", index)));
        continue;
      }
      auto route = value->string() ? route_of(*value->string()) : std::nullopt;
      std::string what =
          value->string() ? "'" + *value->string() + "'" : std::string(value->kind());
      if (route)
        spec_.routes.push_back(std::move(*route));
      else
        errors_.add({value->place(),
                     fmt::format("{}.public must be {}, found {}", in_.path(), expected, what),
                     std::string(expected), ""});
    }
    if (!spec_.routes.empty() && !spec_.has_port)
      in_.fail("public", "needs a port that answers, but the service has none");
  }

  /// A route with more than host and path, whose other keys are the gateway's.
  void route_table(const TomlValue& value, std::string path) {
    TomlReader in(value, std::move(path), errors_);
    in.require("host");
    std::string host = in.string("host").value_or("");
    if (in.has("host") && !is_label(host))
      in.fail("host", fmt::format("must be {}, found '{}'", a_label, host), std::string(a_label),
              label_like(host));
    if (!files_.route_keys) return in.fail("host", "stands in a table, which is not read here");
    files_.route_keys(in);
    std::string_view place = "/";
    for (std::string_view key : {"prefix", "path"}) {
      const TomlValue* found = value.find(key);
      if (found && found->string()) place = *found->string();
    }
    spec_.routes.push_back({std::move(host), std::string(place), toml_text(value)});
  }

  void needs() {
    auto needs = in_.strings("needs");
    if (!needs) return;
    for (std::string& need : *needs)
      if (std::ranges::find(spec_.needs, need) == spec_.needs.end())
        spec_.needs.push_back(std::move(need));
  }

  void calls() {
    auto in = in_.table("calls");
    if (!in) return;
    if (!spec_.has_port) in_.fail("calls", "says how others call it, but the service has no port");
    catalog::read_calls(*in, spec_.calls);
    in->finish();
  }

  void env() {
    auto env = in_.string_map("env");
    if (!env) return;
    for (const TomlMember& member : in_.table().find("env")->members()) {
      const std::string& name = member.key;
      std::string_view wrong;
      if (!is_variable(name))
        wrong = "is no name of a variable: letters, digits and _, not beginning with a digit";
      else if (name.starts_with("BERTH_"))
        wrong = "is Berth's: names that begin with BERTH_ may not be set";
      else if (name == "PORT" && spec_.has_port)
        wrong = "is set by Berth; write port = NUMBER where it must be a certain one";
      else if (member.value.string() && member.value.string()->contains('\0'))
        wrong = "must not hold a zero byte";
      if (!wrong.empty())
        errors_.add(
            {member.key_place, fmt::format("{}.env: '{}' {}", in_.path(), name, wrong), "", ""});
    }
    spec_.env = std::move(*env);
  }

  void subscriptions() {
    auto on = in_.string_map("on");
    if (!on) return;
    for (const TomlMember& member : in_.table().find("on")->members()) {
      if (!is_topic(member.key))
        errors_.add({member.key_place,
                     fmt::format("{}.on: '{}' is no topic", in_.path(), member.key),
                     "1 to 200 of a-z, A-Z, 0-9, '.', '_' and '-'", ""});
      if (member.value.string() && !is_request_path(*member.value.string()))
        errors_.add({member.value.place(),
                     fmt::format("{}.on.{} must be {}, found '{}'", in_.path(), member.key,
                                 a_request_path, *member.value.string()),
                     std::string(a_request_path), ""});
    }
    if (!on->empty() && !spec_.has_port)
      in_.fail("on", "needs a port that messages are sent to, but the service has none");
    spec_.on.insert(on->begin(), on->end());
  }

  void update() {
    auto in = in_.table("update");
    if (!in) return;
    UpdatePolicy& update = spec_.update;
    number(*in, "parallel", 1, instances_max, update.parallel);
    duration(*in, "healthy_for", 0s, 1h, update.healthy_for);
    duration(*in, "deadline", 1s, 24h, update.deadline);
    if (update.deadline <= update.healthy_for)
      in->fail(in->has("healthy_for") ? "healthy_for" : "deadline",
               fmt::format("makes it impossible: nothing is healthy for {} within a deadline of {}",
                           write_duration(update.healthy_for), write_duration(update.deadline)));
    if (auto strategy = in->string("strategy"); strategy && *strategy != "rolling") {
      constexpr std::string_view known[] = {"rolling"};
      in->fail("strategy",
               fmt::format("'{}' is not supported yet: \"rolling\" is the only one", *strategy),
               "\"rolling\"", std::string(nearest_word(*strategy, known)));
    }
    in->finish();
  }

  const ServiceText& text_;
  const SystemFiles& files_;
  TomlErrors& errors_;
  TomlReader in_;
  ServiceSpec spec_;
};

}  // namespace

ServiceSpec read_service(const ServiceText& text, const SystemFiles& files, TomlErrors& errors) {
  return ServiceReader(text, files, errors).read();
}

}  // namespace berth::placement
