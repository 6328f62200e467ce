#include <algorithm>

#include "base/strings.h"
#include "http/url.h"
#include "proxy/gateway/file_reading.h"

// [acme.NAME] of proxy.toml.

namespace berth::proxy::gateway {
namespace {

bool is_file_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_';
  });
}

void read_names(TomlReader& reader, acme::CertificateSpec& spec) {
  constexpr std::size_t names_max = 100;  // what directories take in one certificate
  reader.require("names");
  for (auto& each : reader.strings("names").value_or(std::vector<std::string>())) {
    std::string name = lower(each);
    if (name.starts_with("*.")) {
      reader.fail("names", "has '" + each + "'; http-01 cannot validate wildcards");
    } else if (!is_host_pattern(name, false) || name.contains('[')) {
      reader.fail("names", "has '" + each + "', which is no name of a host");
    } else if (std::ranges::find(spec.names, name) != spec.names.end()) {
      reader.fail("names", "has '" + each + "' twice");
    } else {
      spec.names.push_back(std::move(name));
    }
  }
  if (reader.has("names") && spec.names.empty()) reader.fail("names", "needs one at least");
  if (spec.names.size() > names_max) reader.fail("names", "has more than 100");
}

}  // namespace

void FileReading::read_acme(const std::string& name, TomlReader& reader) {
  acme::CertificateSpec spec;
  spec.name = name;
  if (!is_file_name(name)) {
    reader.fail("names", "are kept in files called '" + name +
                             "': letters, digits, '-' and '_' only, 64 at most");
  }
  acme.push_back(name);
  reader.require("directory");
  spec.directory = reader.string("directory").value_or("");
  if (reader.has("directory") && !spec.directory.empty()) {
    if (auto url = http::parse_url(spec.directory); !url.ok()) {
      reader.fail("directory", "is wrong: " + std::string(url.error().message()));
    }
  }
  read_names(reader, spec);
  spec.contacts = reader.strings("contact").value_or(std::vector<std::string>());
  for (auto& each : spec.contacts) {
    if (!each.starts_with("mailto:") || each.find_first_of(" \r\n") != std::string::npos) {
      reader.fail("contact", "has '" + each + "'; write \"mailto:ops@shop.example\"");
    }
  }
  if (!reader.boolean("agree_terms").value_or(false)) {
    reader.fail("agree_terms", "must be true: the directory asks you to agree to its terms");
  }
  spec.folder = absolute(reader.string("folder").value_or("certificates"));
  if (auto text = content(reader, "ca")) spec.authorities = tls::Pem{std::move(*text), ""};
  spec.orders_per_hour_max = static_cast<std::uint32_t>(
      reader.integer("orders_per_hour_max", 1, 300).value_or(spec.orders_per_hour_max));
  if (auto stored = read(spec.file()); stored.ok()) spec.stored = std::move(*stored);
  reader.finish();
  file.certificates.push_back(std::move(spec));
}

void FileReading::check_challenges(TomlReader& reader) {
  if (file.certificates.empty()) return;
  bool answered = std::ranges::any_of(file.gateway->entrances, [](auto& each) {
    return !each->secured && !each->udp && each->tcp_service.empty();
  });
  if (answered) return;
  reader.fail("acme",
              "needs a \"tcp:\" listener of HTTP, which port 80 of its names leads to: "
              "there they are validated");
}

}  // namespace berth::proxy::gateway
