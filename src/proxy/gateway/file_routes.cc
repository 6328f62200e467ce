#include <re2/re2.h>

#include <algorithm>

#include "base/strings.h"
#include "http/h1_scan.h"
#include "http/h1_writer.h"
#include "http/url.h"
#include "proxy/gateway/file_reading.h"

// [route.NAME] of proxy.toml, and the tables of `public` in berth.toml.

namespace berth::proxy::gateway {

bool is_host_pattern(std::string_view host, bool wildcards) {
  if (wildcards && host.starts_with("*.")) host.remove_prefix(2);
  if (host.starts_with('[') && host.ends_with(']')) return host.size() > 3;
  if (host.empty() || host.size() > 253 || host.starts_with('.') || host.ends_with('.') ||
      host.find("..") != host.npos) {
    return false;
  }
  return std::ranges::all_of(host, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
  });
}

namespace {

std::string_view message(const Error& error) { return error.message(); }

/// Reads the keys of one route.
class RouteSection {
 public:
  /// `own`: of proxy.toml, which has listeners, services, files and [auth]; else of a service in
  /// berth.toml, whose host is a label that the reader of that file looks at.
  RouteSection(FileReading& reading, TomlReader& reader, std::string name, bool own)
      : reading_(reading), reader_(reader), own_(own) {
    route_.name = std::move(name);
  }

  Route read() {
    read_hosts();
    read_path();
    read_conditions();
    read_action();
    read_rewrite();
    read_headers();
    read_limits();
    read_access();
    read_cors();
    read_compression();
    route_.hsts = reading_.read_hsts(reader_);
    route_.pages = reading_.read_pages(reader_, own_);
    reader_.finish();
    return std::move(route_);
  }

 private:
  template <class T>
  std::optional<T> taken(TomlReader& reader, std::string_view key, Result<T> read) {
    if (read.ok()) return std::move(*read);
    reader.fail(key, "is wrong: it " + std::string(message(read.error())));
    return std::nullopt;
  }
  std::optional<Template> text_template(TomlReader& reader, std::string_view key) {
    auto text = reader.string(key);
    if (!text) return std::nullopt;
    return taken(reader, key, Template::parse(*text, parameters_));
  }

  void read_hosts();
  void read_path();
  void read_conditions();
  void read_action();
  void read_redirect();
  void read_respond();
  void read_files();
  void read_rewrite();
  void read_headers();
  void read_header_rules(std::string_view key, HeaderRules& rules);
  void read_limits();
  void read_access();
  void read_cors();
  void read_compression();

  FileReading& reading_;
  TomlReader& reader_;
  const bool own_;
  Route route_;
  std::vector<std::string> parameters_;
};

void RouteSection::read_hosts() {
  if (own_) route_.hosts = reader_.strings("hosts").value_or(std::vector<std::string>());
  if (auto host = reader_.string("host")) route_.hosts.push_back(*host);
  if (!own_) return;
  for (auto& host : route_.hosts) {
    std::string_view key = reader_.has("host") ? "host" : "hosts";
    if (!is_host_pattern(host)) {
      reader_.fail(key, "has '" + host + "'; a host is \"a.example\" or \"*.example\"");
    }
  }
}

void RouteSection::read_path() {
  auto prefix = reader_.string("prefix");
  auto path = reader_.string("path");
  auto regex = reader_.string("regex");
  if (prefix.has_value() + path.has_value() + regex.has_value() > 1) {
    reader_.fail(prefix && path ? "path" : "regex", "and another kind of path: one is enough");
  }
  std::string_view key = path ? "path" : "prefix";
  if (regex) {
    route_.path_kind = Route::PathKind::expression;
    if (auto made = expression(*regex); made.ok()) {
      route_.expression = *made;
    } else {
      reader_.fail("regex", "is wrong: " + std::string(message(made.error())));
      route_.path_kind = Route::PathKind::prefix;
    }
    return;
  }
  if (path) route_.path_kind = Route::PathKind::exact;
  route_.path = path ? *path : prefix.value_or("/");
  auto parameters = parameters_of(route_.path);
  if (!parameters.ok()) {
    return reader_.fail(key, std::string(message(parameters.error())));
  }
  if (std::ranges::count(route_.path, '/') > std::ptrdiff_t{RouteTable::segments_max}) {
    reader_.fail(key, "has more than 64 segments");
  }
  parameters_ = std::move(*parameters);
}

void RouteSection::read_conditions() {
  route_.methods = reader_.strings("methods").value_or(std::vector<std::string>());
  for (auto& method : route_.methods) {
    if (!http::scan::is_token(method))
      reader_.fail("methods", "has '" + method + "', which is no method");
  }
  if (own_) route_.listeners = reader_.strings("listeners").value_or(std::vector<std::string>());
  auto& known = reading_.listeners;
  for (auto& name : route_.listeners) {
    if (std::ranges::find(known, name) != known.end()) continue;
    std::vector<std::string_view> words(known.begin(), known.end());
    reader_.fail("listeners", "names no listener: there is no '" + name + "'", "",
                 std::string(nearest_word(name, words)));
  }
  for (auto [key, list] : {std::pair("headers", &route_.headers), {"query", &route_.query}}) {
    auto pairs = reader_.string_map(key);
    if (!pairs) continue;
    for (auto& [name, text] : *pairs) {
      auto condition = FieldCondition::parse(name, text);
      if (condition.ok()) {
        list->push_back(std::move(*condition));
      } else {
        reader_.fail(key, "has a wrong '" + name + "': " + std::string(message(condition.error())));
      }
    }
  }
}

void RouteSection::read_action() {
  read_redirect();
  read_respond();
  if (!own_) {
    if (reader_.has("redirect") && reader_.has("respond")) {
      reader_.fail("respond", "and redirect stand there; one is enough");
    }
    return;
  }
  route_.service = reading_.one_of(reader_, "service", reading_.services, "service");
  read_files();
  int actions = !route_.service.empty() + reader_.has("redirect") + reader_.has("respond") +
                reader_.has("files");
  if (actions != 1 && !(actions == 0 && reader_.has("service"))) {
    reader_.fail("service", "or one of redirect, respond, files is needed, one of them only");
  }
}

void RouteSection::read_redirect() {
  auto table = reader_.table("redirect");
  if (!table) return;
  Redirect redirect;
  table->require("to");
  if (auto to = text_template(*table, "to")) redirect.to = std::move(*to);
  redirect.status = static_cast<int>(table->integer("status", 301, 308).value_or(308));
  if (redirect.status >= 304 && redirect.status <= 306) {
    table->fail("status", "must be 301, 302, 303, 307 or 308");
  }
  table->finish();
  route_.redirect = std::move(redirect);
}

void RouteSection::read_respond() {
  auto table = reader_.table("respond");
  if (!table) return;
  Respond respond;
  respond.status = static_cast<int>(table->integer("status", 200, 599).value_or(200));
  respond.type = table->string("type").value_or(respond.type);
  respond.text = table->string("text").value_or("");
  if (own_) {
    if (auto text = reading_.content(*table, "file")) respond.text = std::move(*text);
  }
  table->finish();
  route_.respond = std::move(respond);
}

/// A folder, or a table with more.
void RouteSection::read_files() {
  auto* value = reader_.value("files");
  if (!value) return;
  auto files = std::make_shared<Files>();
  files->options.slash_folders = true;
  if (auto found = value->is_table() ? reader_.table("files") : std::nullopt) {
    TomlReader& table = *found;
    table.require("folder");
    files->folder = table.string("folder").value_or("");
    auto& options = files->options;
    options.index = table.string("index").value_or(options.index);
    options.cache_control = table.string("cache_control").value_or(options.cache_control);
    options.twins = table.boolean("twins").value_or(true);
    files->fallback = table.string("fallback").value_or("");
    if (!http::writable_value(options.cache_control)) {
      table.fail("cache_control", "may not have line ends");
    }
    if (options.index.contains('/')) table.fail("index", "is a file's name, without '/'");
    if (!files->fallback.empty() && !files->fallback.starts_with('/')) {
      table.fail("fallback", "must begin with '/'");
    }
    table.finish();
  } else {
    files->folder = reader_.string("files").value_or("");
  }
  files->folder = reading_.absolute(files->folder);
  while (files->folder.ends_with('/')) files->folder.pop_back();
  route_.files = std::move(files);
}

/// True, or a table with more.
void RouteSection::read_compression() {
  auto* value = reader_.value("compress");
  if (!value) return;
  auto made = std::make_shared<Compression>();
  bool on = true;
  if (auto found = value->is_table() ? reader_.table("compress") : std::nullopt) {
    TomlReader& table = *found;
    auto& options = made->options;
    options.bytes_min = static_cast<std::size_t>(
        table.size("bytes_min").value_or(static_cast<std::int64_t>(options.bytes_min)));
    options.types = table.strings("types").value_or(options.types);
    for (auto& type : options.types) {
      if (!type.contains('/')) table.fail("types", "has '" + type + "'; write text/html or text/*");
    }
    options.levels.gzip = static_cast<int>(table.integer("gzip", 1, 9).value_or(5));
    options.levels.zstd = static_cast<int>(table.integer("zstd", 1, 19).value_or(3));
    made->cross_site = table.boolean("cross_site").value_or(false);
    table.finish();
  } else {
    on = reader_.boolean("compress").value_or(false);
  }
  if (on) route_.compression = std::move(made);
}

void RouteSection::read_rewrite() {
  if (auto host = text_template(reader_, "upstream_host")) route_.host = std::move(*host);
  auto* value = reader_.value("rewrite");
  if (!value) return;
  Rewrite rewrite;
  std::string pattern;
  if (auto found = value->is_table() ? reader_.table("rewrite") : std::nullopt) {
    TomlReader& table = *found;
    table.require("regex");
    table.require("to");
    pattern = table.string("regex").value_or("");
    rewrite.replacement = table.string("to").value_or("");
    table.finish();
  } else if (route_.path_kind == Route::PathKind::expression) {
    pattern = "^(?:" + route_.expression->pattern() + ")$";
    rewrite.replacement = reader_.string("rewrite").value_or("");
  } else {
    rewrite.to = text_template(reader_, "rewrite");
    if (rewrite.to && !rewrite.to->beginning().starts_with('/')) {
      reader_.fail("rewrite", "must begin with '/'");
    }
    if (rewrite.to) route_.rewrite = std::move(rewrite);
    return;
  }
  auto made = expression(pattern);
  std::string wrong;
  if (!made.ok()) {
    reader_.fail("rewrite", "is wrong: " + std::string(message(made.error())));
  } else if (!(*made)->CheckRewriteString(rewrite.replacement, &wrong)) {
    reader_.fail("rewrite", "is wrong: " + wrong);
  } else {
    rewrite.expression = *made;
    route_.rewrite = std::move(rewrite);
  }
}

void RouteSection::read_header_rules(std::string_view key, HeaderRules& rules) {
  auto table = reader_.table(key);
  if (!table) return;
  for (auto [word, verb] :
       {std::pair("set", HeaderRules::Verb::set), {"add", HeaderRules::Verb::add}}) {
    for (auto& [name, text] :
         table->string_map(word).value_or(std::vector<std::pair<std::string, std::string>>())) {
      if (!may_be_set(name)) table->fail(word, "has '" + name + "', which may not be set");
      auto made = Template::parse(text, parameters_);
      if (made.ok()) {
        rules.rules.push_back({verb, name, std::move(*made)});
      } else {
        table->fail(word, "has a wrong '" + name + "': it " + std::string(message(made.error())));
      }
    }
  }
  for (auto& name : table->strings("remove").value_or(std::vector<std::string>())) {
    if (!may_be_set(name)) table->fail("remove", "has '" + name + "', which may not be removed");
    rules.rules.push_back({HeaderRules::Verb::remove, name, {}});
  }
  table->finish();
}

void RouteSection::read_headers() {
  read_header_rules("request_headers", route_.request_headers);
  read_header_rules("response_headers", route_.response_headers);
}

void RouteSection::read_limits() {
  route_.body_bytes_max = static_cast<std::uint64_t>(reader_.size("body_bytes_max").value_or(0));
  route_.timeout = reader_.duration("timeout").value_or(Duration(0));
  route_.https_only = reader_.boolean("https_only").value_or(false);
  if (auto limit = reader_.table("limit")) {
    limit->require("per_second");
    route_.limit.per_second = limit->number("per_second").value_or(0);
    if (limit->has("per_second") && !(route_.limit.per_second > 0)) {
      limit->fail("per_second", "must be above 0");
    }
    route_.limit.burst =
        static_cast<std::uint32_t>(limit->integer("burst", 1, 1'000'000).value_or(0));
    limit->finish();
  }
  auto table = reader_.table("maintenance");
  if (!table) return;
  Maintenance maintenance;
  bool on = table->boolean("on").value_or(true);
  maintenance.retry_after = table->duration("retry_after").value_or(maintenance.retry_after);
  if (auto except = reading_.blocks(*table, "except")) maintenance.except = *except;
  table->finish();
  if (on) route_.maintenance = std::make_shared<const Maintenance>(std::move(maintenance));
}

void RouteSection::read_access() {
  route_.allow = reading_.blocks(reader_, "allow");
  route_.deny = reading_.blocks(reader_, "deny");
  auto* value = own_ ? reader_.value("auth") : nullptr;
  if (!value) return;
  std::vector<std::string> names;
  if (value->string()) {
    names.push_back(*value->string());
  } else {
    names = reader_.strings("auth").value_or(names);
  }
  auto& known = reading_.file.gateway->authentications;
  std::vector<std::string_view> words;
  for (auto& each : known) words.emplace_back(each->name);
  for (auto& name : names) {
    auto found = std::ranges::find(known, name, [](auto& each) { return each->name; });
    if (found != known.end()) {
      route_.authentications.push_back(*found);
    } else {
      reader_.fail("auth", "names no [auth]: there is no '" + name + "'", "",
                   std::string(nearest_word(name, words)));
    }
  }
  if (names.empty()) reader_.fail("auth", "must name at least one [auth]");
}

void RouteSection::read_cors() {
  auto table = reader_.table("cors");
  if (!table) return;
  auto cors = std::make_shared<Cors>();
  table->require("origins");
  cors->origins = table->strings("origins").value_or(std::vector<std::string>());
  if (auto methods = table->string("methods")) cors->methods = *methods;
  cors->headers = table->string("headers").value_or("");
  cors->exposed = table->string("exposed").value_or("");
  cors->credentials = table->boolean("credentials").value_or(false);
  cors->keep_for = table->duration("keep_for").value_or(cors->keep_for);
  bool star = std::ranges::find(cors->origins, "*") != cors->origins.end();
  if (star && cors->origins.size() > 1) table->fail("origins", "has \"*\" and others");
  if (star && cors->credentials) {
    table->fail("credentials", "cannot be true for every origin: name those that may");
  }
  table->finish();
  route_.cors = std::move(cors);
}

}  // namespace

Route FileReading::read_route(const std::string& name, TomlReader& reader) {
  return RouteSection(*this, reader, name, true).read();
}

Route FileReading::read_public_route(const std::string& service, TomlReader& reader) {
  return RouteSection(*this, reader, service, false).read();
}

}  // namespace berth::proxy::gateway
