#include "observe/inputs/input_reader.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "http/url.h"

namespace berth::observe {
namespace {

/// What a kind is by default.
struct Kind {
  std::string_view name;
  std::vector<Place::How> how;  // each of these may be listened on
  std::vector<std::string_view> listen;
  bool lines = false;  // takes parse, service, line_bytes_max
};

const std::vector<Kind>& kinds() {
  using How = Place::How;
  static const std::vector<Kind> all = {
      {"syslog",
       {How::udp, How::tcp, How::tls, How::unix_stream, How::unix_datagram},
       {"udp:127.0.0.1:5514", "tcp:127.0.0.1:5514"},
       true},
      {"relp", {How::tcp, How::tls}, {"tcp:127.0.0.1:2514"}, true},
      {"riemann",
       {How::udp, How::tcp, How::tls},
       {"udp:127.0.0.1:5555", "tcp:127.0.0.1:5555"},
       false},
      {"graphite",
       {How::udp, How::tcp, How::tls},
       {"udp:127.0.0.1:2003", "tcp:127.0.0.1:2003"},
       false},
      {"statsd",
       {How::udp, How::tcp, How::unix_datagram},
       {"udp:127.0.0.1:8125", "tcp:127.0.0.1:8125"},
       false},
      {"file", {}, {}, true},
      {"docker", {}, {}, true},
      {"scrape", {}, {}, false},
      {"json_lines", {How::tcp, How::tls, How::unix_stream}, {"tcp:127.0.0.1:7405"}, true},
      {"journald", {How::tcp, How::tls, How::unix_stream}, {"tcp:127.0.0.1:19532"}, true},
      {"otlp", {How::tcp, How::tls}, {"tcp:127.0.0.1:4318"}, true},
      {"riemann_websocket", {How::tcp, How::tls}, {"tcp:127.0.0.1:5556"}, false},
      {"riemann_events", {How::tcp, How::tls}, {"tcp:127.0.0.1:5558"}, false},
  };
  return all;
}

constexpr std::pair<std::string_view, Place::How> hows[] = {
    {"tcp:", Place::How::tcp},          {"udp:", Place::How::udp},
    {"tls:", Place::How::tls},          {"unix-datagram:", Place::How::unix_datagram},
    {"unix:", Place::How::unix_stream},
};

std::string words_of(const Kind& kind) {
  std::string out;
  for (auto& [word, how] : hows) {
    if (std::ranges::find(kind.how, how) == kind.how.end()) continue;
    out += (out.empty() ? "\"" : ", \"") + std::string(word) +
           (word.starts_with("unix") ? "/run/x.sock\"" : "127.0.0.1:5514\"");
  }
  return out;
}

/// "tcp:127.0.0.1:5514", "unix:/dev/log"; without a word for how: each of the kind's that goes by
/// UDP and TCP.
std::vector<Place> places_of(TomlReader& reader, const Kind& kind, const std::string& text,
                             const std::string& folder) {
  for (auto& [word, how] : hows) {
    if (!text.starts_with(word)) continue;
    std::string rest = text.substr(word.size());
    bool path = how == Place::How::unix_stream || how == Place::How::unix_datagram;
    if (std::ranges::find(kind.how, how) == kind.how.end()) break;
    if (path && !rest.empty()) {
      std::string absolute = rest.starts_with('/') || folder.empty() ? rest : folder + "/" + rest;
      return {{how, Address::unix_path(absolute)}};
    }
    auto address = Address::parse(rest);
    if (path || !address.ok() || address->port() == 0) break;
    return {{how, *address}};
  }
  auto plain = Address::parse(text);
  if (plain.ok() && plain->port() != 0 && plain->family() != Address::Family::unix_path) {
    std::vector<Place> both;
    for (auto how : {Place::How::udp, Place::How::tcp}) {
      if (std::ranges::find(kind.how, how) != kind.how.end()) both.push_back({how, *plain});
    }
    return both;
  }
  reader.fail("listen",
              "has '" + text + "'; it takes an address with a port, or " + words_of(kind));
  return {};
}

std::vector<Place> read_places(TomlReader& reader, const Kind& kind, const std::string& folder) {
  std::vector<std::string> texts(kind.listen.begin(), kind.listen.end());
  const TomlValue* value = reader.value("listen");
  if (value && value->string()) {
    texts = {*value->string()};
  } else if (value) {
    texts = reader.strings("listen").value_or(std::vector<std::string>());
  }
  std::vector<Place> out;
  for (auto& text : texts) {
    for (auto& place : places_of(reader, kind, text, folder)) out.push_back(std::move(place));
  }
  return out;
}

/// A PEM file that a key names.
void read_pem(TomlReader& reader, std::string_view key, const std::string& folder,
              const ReadFile& read, std::string& text, std::string& path) {
  auto named = reader.string(key);
  if (!named) return;
  path = named->starts_with('/') || folder.empty() ? *named : folder + "/" + *named;
  auto content = read(path);
  if (!content.ok()) return reader.fail(key, "cannot be read: " + content.error().text());
  text = std::move(*content);
}

void read_secrets(TomlReader& reader, const std::string& folder, const ReadFile& read,
                  InputSpec& spec) {
  InputSpec::Secrets& out = spec.secrets;
  read_pem(reader, "chain", folder, read, out.chain, out.chain_path);
  read_pem(reader, "key", folder, read, out.key, out.key_path);
  read_pem(reader, "clients", folder, read, out.clients, out.clients_path);
  bool tls = std::ranges::any_of(spec.listen, [](auto& p) { return p.how == Place::How::tls; });
  if (!tls) {
    for (auto* key : {"chain", "key", "clients"}) {
      if (reader.has(key)) reader.fail(key, "is for \"tls:\" places");
    }
    return;
  }
  reader.require("chain");
  reader.require("key");
  if (out.chain.empty() || out.key.empty()) return;
  auto context = server_context(spec);
  if (!context.ok()) reader.fail("chain", "is wrong: " + context.error().text());
}

std::size_t count_of(TomlReader& reader, std::string_view key, std::int64_t most,
                     std::size_t otherwise) {
  auto given = reader.integer(key, 1, most);
  return given ? static_cast<std::size_t>(*given) : otherwise;
}

void read_lines(TomlReader& reader, InputSpec& spec) {
  spec.parse = reader.string("parse").value_or("");
  spec.service = reader.string("service").value_or("");
  auto size = reader.size("line_bytes_max");
  if (!size) return;
  if (*size < 480 || *size > (1 << 20)) {
    reader.fail("line_bytes_max", "must be from 480B to 1MiB");
  }
  spec.line_bytes_max = static_cast<std::size_t>(*size);
}

void read_follow(TomlReader& reader, const std::string& folder, InputSpec& spec) {
  InputSpec::Follow& out = spec.follow;
  out.docker = spec.kind == "docker";
  if (!out.docker) reader.require("paths");
  std::vector<std::string> paths;
  if (out.docker) paths = {"/var/lib/docker/containers/*/*-json.log"};
  for (auto& path : reader.strings("paths").value_or(std::move(paths))) {
    if (path.empty()) {
      reader.fail("paths", "has an empty one");
    } else {
      out.paths.push_back(path.starts_with('/') || folder.empty() ? path : folder + "/" + path);
    }
  }
  std::string from = reader.string("from").value_or("end");
  if (from != "start" && from != "end") reader.fail("from", "must be \"start\" or \"end\"");
  out.from_start = from == "start";
  out.join_traces = reader.boolean("join_traces").value_or(true);
  out.files_max = count_of(reader, "files_max", 100'000, out.files_max);
}

/// What else it says is not judged.
void refuse_kind(TomlReader& reader, const std::string& kind) {
  for (auto& member : reader.table().members()) (void)reader.value(member.key);
  if (!reader.has("kind")) return;
  std::vector<std::string_view> words;
  std::string all;
  for (auto& each : kinds()) {
    words.emplace_back(each.name);
    all += (all.empty() ? "" : ", ") + std::string(each.name);
  }
  std::string nearest(nearest_word(kind, words));
  std::string text = "names no kind of input: there is no '" + kind + "'; ";
  text += nearest.empty() ? "there are " + all : "did you mean '" + nearest + "'?";
  reader.fail("kind", text, all, nearest);
}

/// "10.0.0.7:9100", "http://users:8000/metrics".
std::optional<ScrapeSpec::Target> target_of(const std::string& text, const std::string& path) {
  std::string url = text.contains("://") ? text : "http://" + text + path;
  auto parsed = http::parse_url(url);
  if (!parsed.ok()) return std::nullopt;
  if (parsed->target == "/" && !text.ends_with('/')) url += path;
  std::string host = parsed->name.contains(':') ? "[" + parsed->name + "]" : parsed->name;
  return ScrapeSpec::Target{url, host + ":" + std::to_string(parsed->port)};
}

void read_scrape_limits(TomlReader& reader, ScrapeSpec& spec) {
  spec.every = reader.duration("every").value_or(spec.every);
  if (spec.every < 100ms) reader.fail("every", "must be at least 100ms");
  spec.timeout = reader.duration("timeout").value_or(std::min(spec.timeout, spec.every));
  if (spec.timeout > spec.every) reader.fail("timeout", "must not be longer than every");
  spec.samples_max = count_of(reader, "samples_max", 10'000'000, spec.samples_max);
  auto bytes = reader.size("body_bytes_max");
  if (bytes && *bytes < 1) reader.fail("body_bytes_max", "must be more than nothing");
  if (bytes) spec.body_bytes_max = static_cast<std::size_t>(*bytes);
}

void read_scrape(TomlReader& reader, InputSpec& input) {
  ScrapeSpec& spec = input.scrape;
  reader.require("targets");
  std::string path = reader.string("path").value_or("/metrics");
  if (!path.starts_with('/')) reader.fail("path", "must begin with '/'");
  for (auto& text : reader.strings("targets").value_or(std::vector<std::string>())) {
    auto target = target_of(text, path);
    if (target) {
      spec.targets.push_back(std::move(*target));
    } else {
      reader.fail("targets", "has '" + text + "', which is no HOST:PORT and no http:// URL");
    }
  }
  spec.job = reader.string("job").value_or(input.name);
  spec.honor_labels = reader.boolean("honor_labels").value_or(false);
  spec.honor_timestamps = reader.boolean("honor_timestamps").value_or(true);
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  for (auto& [name, value] : reader.string_map("labels").value_or(Pairs())) {
    if (!promql::is_label_name(name) || name.starts_with("__")) {
      reader.fail("labels", "has '" + name + "', which is no label's name");
    }
    spec.labels.push_back({name, value});
  }
  read_scrape_limits(reader, spec);
}

}  // namespace

InputSpec read_input(TomlReader& reader, const std::string& folder, const ReadFile& read) {
  InputSpec spec;
  reader.require("kind");
  spec.kind = reader.string("kind").value_or("");
  spec.name = reader.string("name").value_or(spec.kind);
  auto kind = std::ranges::find(kinds(), spec.kind, &Kind::name);
  if (kind == kinds().end()) {
    refuse_kind(reader, spec.kind);
    return spec;
  }
  if (!kind->how.empty()) {
    spec.listen = read_places(reader, *kind, folder);
    read_secrets(reader, folder, read, spec);
    spec.connections_max = count_of(reader, "connections_max", 100'000, spec.connections_max);
  }
  if (kind->lines) read_lines(reader, spec);
  if (spec.kind == "scrape") read_scrape(reader, spec);
  if (spec.kind == "file" || spec.kind == "docker") read_follow(reader, folder, spec);
  if (spec.kind == "statsd") {
    spec.every = reader.duration("flush").value_or(spec.every);
    if (spec.every < 100ms) reader.fail("flush", "must be at least 100ms");
  }
  return spec;
}

}  // namespace berth::observe
