#include "proxy/gateway/file_reading.h"

#include <algorithm>

#include "base/endpoint.h"
#include "base/strings.h"
#include "http/h1_scan.h"

namespace berth::proxy::gateway {
namespace {

Address address_of(const Endpoint& endpoint) {
  bool path = endpoint.address.family() == Address::Family::unix_path;
  return path ? endpoint.address : endpoint.address.with_port(endpoint.port);
}

}  // namespace

std::string FileReading::absolute(const std::string& path) const {
  return path.starts_with('/') || folder.empty() ? path : folder + "/" + path;
}

std::optional<std::string> FileReading::content(TomlReader& reader, std::string_view key,
                                                std::string* path) {
  auto named = reader.string(key);
  if (!named) return std::nullopt;
  auto text = read(absolute(*named));
  if (path) *path = absolute(*named);
  if (text.ok()) return std::move(*text);
  reader.fail(key, "cannot be read: " + text.error().text());
  return std::nullopt;
}

std::shared_ptr<const AddressList> FileReading::blocks(TomlReader& reader, std::string_view key) {
  auto texts = reader.strings(key);
  if (!texts) return nullptr;
  auto list = std::make_shared<AddressList>();
  for (auto& text : *texts) {
    if (auto added = list->add(text); !added.ok()) {
      reader.fail(key, "is wrong: " + std::string(added.error().message()));
    }
  }
  return list;
}

std::string FileReading::one_of(TomlReader& reader, std::string_view key,
                                const std::vector<std::string>& known, std::string_view what) {
  auto name = reader.string(key);
  if (!name || std::ranges::find(known, *name) != known.end()) return name.value_or("");
  std::vector<std::string_view> words(known.begin(), known.end());
  reader.fail(key, "names no " + std::string(what) + ": there is no '" + *name + "'", "",
              std::string(nearest_word(*name, words)));
  return *name;
}

bool may_be_set(std::string_view field) {
  static constexpr std::string_view framing[] = {
      "host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade",
      "te",   "trailer",        "proxy-connection"};
  return http::scan::is_token(field) && std::ranges::none_of(framing, [&](std::string_view each) {
           return equal_ignoring_case(each, field);
         });
}

std::vector<Page> FileReading::read_pages(TomlReader& reader, bool files) {
  std::vector<Page> pages;
  reader.each_table("pages", [&](TomlReader& each) {
    Page page;
    page.status = static_cast<int>(each.integer("status", 400, 599).value_or(0));
    page.type = each.string("type").value_or(page.type);
    if (!files) {
      each.require("text");
    } else if (each.has("file") == each.has("text")) {
      each.fail("file", "or text is needed, not both");
    }
    page.text = each.string("text").value_or("");
    if (files) {
      if (auto text = content(each, "file")) page.text = std::move(*text);
    }
    pages.push_back(std::move(page));
  });
  return pages;
}

/// RFC 6797 section 6.1.
std::string FileReading::read_hsts(TomlReader& reader) {
  auto table = reader.table("hsts");
  if (!table) return "";
  table->require("max_age");
  Duration age = table->duration("max_age").value_or(0s);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age).count();
  std::string text = "max-age=" + std::to_string(seconds);
  if (table->boolean("subdomains").value_or(false)) text += "; includeSubDomains";
  if (table->boolean("preload").value_or(false)) text += "; preload";
  table->finish();
  return text;
}

void FileReading::read_proxy(TomlReader& reader) {
  Gateway& gateway = *file.gateway;
  if (auto trusted = blocks(reader, "trusted_proxies")) gateway.trusted.addresses = *trusted;
  auto by = reader.string("client_from").value_or("x-forwarded-for");
  gateway.trusted.by_forwarded = by == "forwarded";
  if (by != "forwarded" && by != "x-forwarded-for") {
    reader.fail("client_from", "must be \"x-forwarded-for\" or \"forwarded\"");
  }
  gateway.path.normal = reader.boolean("normal_paths").value_or(true);
  gateway.path.merge_slashes = reader.boolean("merge_slashes").value_or(true);
  gateway.path.encoded_slashes = reader.boolean("encoded_slashes").value_or(false);
  gateway.threads =
      static_cast<std::size_t>(reader.integer("threads", 1, Gateway::threads_max).value_or(1));
  gateway.connections_max =
      static_cast<std::size_t>(reader.integer("connections_max", 1, 1'000'000)
                                   .value_or(static_cast<std::int64_t>(gateway.connections_max)));
  gateway.encoders_max =
      static_cast<std::size_t>(reader.integer("encoders_max", 0, 100'000)
                                   .value_or(static_cast<std::int64_t>(gateway.encoders_max)));
  gateway.pages = read_pages(reader);
  if (auto text = reader.string("metrics")) {
    auto endpoint = server_endpoint(*text);
    bool good = endpoint.ok() && !endpoint->secured;
    if (good) {
      file.metrics = address_of(*endpoint);
    } else {
      reader.fail("metrics", "must be a place such as \"tcp:127.0.0.1:8404\"");
    }
  }
  if (auto path = reader.string("control")) file.control = Address::unix_path(absolute(*path));
  file.stop_grace = reader.duration("stop_grace").value_or(file.stop_grace);
  reader.finish();
}

namespace {

/// Those of [acme] whose certificates a listener shows.
void read_acme_names(FileReading& reading, TomlReader& reader, Entrance& entrance) {
  entrance.acme = reader.strings("acme").value_or(std::vector<std::string>());
  for (auto& name : entrance.acme) {
    if (std::ranges::find(reading.acme, name) != reading.acme.end()) continue;
    std::vector<std::string_view> words(reading.acme.begin(), reading.acme.end());
    reader.fail("acme", "names no [acme]: there is no '" + name + "'", "",
                std::string(nearest_word(name, words)));
  }
}

void read_certificates(FileReading& reading, TomlReader& reader, Entrance& entrance) {
  reader.each_table("certificates", [&](TomlReader& each) {
    tls::CertificatePem pem;
    each.require("chain");
    each.require("key");
    pem.chain.text = reading.content(each, "chain", &pem.chain.path).value_or("");
    pem.key.text = reading.content(each, "key", &pem.key.path).value_or("");
    entrance.certificates.push_back(std::move(pem));
  });
  read_acme_names(reading, reader, entrance);
  if (entrance.secured && !reader.has("certificates") && !reader.has("acme")) {
    reader.fail("certificates", "or acme is missing: a \"tls:\" listener shows at least one");
  }
  for (auto* key : {"certificates", "acme"}) {
    if (entrance.secured || !reader.has(key)) continue;
    reader.fail(key, "is for \"tls:\" listeners");
  }
}

}  // namespace

void FileReading::read_listener(const std::string& name, TomlReader& reader) {
  auto entrance = std::make_shared<Entrance>();
  entrance->name = name;
  reader.require("listen");
  if (auto listen = reader.string("listen")) {
    entrance->udp = listen->starts_with("udp:");
    auto endpoint = server_endpoint(entrance->udp ? "tcp:" + listen->substr(4) : *listen);
    if (!endpoint.ok()) {
      reader.fail("listen", "is wrong: " + std::string(endpoint.error().message()));
    } else {
      entrance->address = address_of(*endpoint);
      entrance->secured = endpoint->secured;
      if (file.gateway->entrance_at(entrance->address, entrance->udp)) {
        reader.fail("listen", "is another listener's address already");
      }
    }
  }
  read_certificates(*this, reader, *entrance);
  auto least = reader.string("tls_min").value_or("1.2");
  if (least != "1.2" && least != "1.3") reader.fail("tls_min", "must be \"1.2\" or \"1.3\"");
  if (least == "1.3") entrance->version_min = tls::Version::tls1_3;
  entrance->http2 = reader.boolean("http2").value_or(true);
  entrance->proxy_protocol = blocks(reader, "proxy_protocol");
  entrance->connections_per_client_max = static_cast<std::size_t>(
      reader.integer("connections_per_client_max", 1, 1'000'000)
          .value_or(static_cast<std::int64_t>(entrance->connections_per_client_max)));
  entrance->idle_timeout = reader.duration("idle_timeout").value_or(entrance->idle_timeout);
  entrance->head_timeout = reader.duration("head_timeout").value_or(entrance->head_timeout);
  entrance->body_bytes_per_second_min = static_cast<std::uint64_t>(
      reader.size("body_bytes_per_second_min")
          .value_or(static_cast<std::int64_t>(entrance->body_bytes_per_second_min)));
  entrance->hsts = read_hsts(reader);
  std::string mode = reader.string("mode").value_or(entrance->udp ? "udp" : "http");
  if (entrance->udp && mode != "udp") reader.fail("mode", "of a \"udp:\" listener is \"udp\"");
  constexpr Duration tcp_idle_timeout = 1h;
  if (mode == "tcp" && !reader.has("idle_timeout")) entrance->idle_timeout = tcp_idle_timeout;
  if (!entrance->udp && mode != "http" && mode != "tcp") {
    reader.fail("mode", "must be \"http\" or \"tcp\"");
  }
  constexpr Duration udp_idle_timeout = 30s;
  if (entrance->udp) {
    if (!reader.has("idle_timeout")) entrance->idle_timeout = udp_idle_timeout;
    entrance->sessions_max =
        static_cast<std::size_t>(reader.integer("sessions_max", 1, 1'000'000).value_or(10'000));
    if (entrance->proxy_protocol) reader.fail("proxy_protocol", "is not for datagrams");
  }
  if (mode == "tcp" || entrance->udp) {
    reader.require("service");
    entrance->tcp_service = one_of(reader, "service", services, "service");
  } else if (reader.has("service")) {
    reader.fail("service",
                "is for mode = \"tcp\" and \"udp:\": of HTTP the routes say where it goes");
  }
  reader.finish();
  file.gateway->entrances.push_back(std::move(entrance));
}

void FileReading::read_log(TomlReader& reader) {
  LogSpec spec;
  reader.require("to");
  std::string to = reader.string("to").value_or("stdout");
  if (to.starts_with("file:") && to.size() > 5) {
    spec.to = LogSpec::To::file;
    spec.path = absolute(to.substr(5));
  } else if (to.starts_with("syslog+udp:") || to.starts_with("syslog+tcp:")) {
    spec.to = to[7] == 'u' ? LogSpec::To::syslog_udp : LogSpec::To::syslog_tcp;
    auto address = Address::parse(to.substr(11));
    if (!address.ok() || address->port() == 0) {
      reader.fail("to", "has no address such as 127.0.0.1:514 behind its first ':'");
    } else {
      spec.address = *address;
    }
  } else if (to != "stdout") {
    reader.fail("to",
                "must be \"stdout\", \"file:PATH\", \"syslog+udp:IP:PORT\" or "
                "\"syslog+tcp:IP:PORT\"");
  }
  std::string form = reader.string("form").value_or("haproxy");
  if (form != "haproxy" && form != "json") {
    reader.fail("form", "must be \"haproxy\" or \"json\"");
  }
  if (form == "json") spec.form = LogSpec::Form::json;
  file.logs.push_back(std::move(spec));
}

Result<ProxyFile> read_proxy_file(std::string_view text, const std::string& name,
                                  const std::string& folder, const ReadFile& read) {
  TomlValue value = TRY(TomlValue::parse(text, name));
  FileReading reading{{}, folder, read, {}, {}, {}, {}};
  reading.file.gateway = std::make_shared<Gateway>();
  TomlReader reader(value, "", reading.errors);
  if (auto proxy = reader.table("proxy")) reading.read_proxy(*proxy);
  for (auto& [key, each] : reader.tables("service")) {
    reading.services.push_back(key);
    reading.read_service(key, each);
  }
  for (auto& [key, each] : reader.tables("acme")) reading.read_acme(key, each);
  for (auto& [key, each] : reader.tables("listener")) {
    reading.listeners.push_back(key);
    reading.read_listener(key, each);
  }
  for (auto& [key, each] : reader.tables("auth")) reading.read_authentication(key, each);
  std::vector<Route> routes;
  for (auto& [key, each] : reader.tables("route")) routes.push_back(reading.read_route(key, each));
  reader.each_table("log", [&](TomlReader& each) { reading.read_log(each); });
  reading.check_challenges(reader);
  if (!reader.has("listener")) reader.fail("listener", "is missing: nothing would be listened on");
  reader.finish();
  TRY(reading.errors.result());
  reading.file.gateway->routes = TRY(RouteTable::compile(std::move(routes)));
  return std::move(reading.file);
}

}  // namespace berth::proxy::gateway
