#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/toml_reader.h"
#include "proxy/gateway/proxy_file.h"

// What the sections of proxy.toml are read with, section by section.

namespace berth::proxy::gateway {

/// One reading of a file. Lives on one stack.
struct FileReading {
  TomlErrors errors;
  std::string folder;
  const ReadFile& read;
  ProxyFile file;
  std::vector<std::string> listeners;  // names, for routes
  std::vector<std::string> services;
  std::vector<std::string> acme = {};

  /// The content of the file that the key names; an error at the key where it cannot be read.
  std::optional<std::string> content(TomlReader& reader, std::string_view key,
                                     std::string* path = nullptr);
  std::string absolute(const std::string& path) const;
  std::shared_ptr<const AddressList> blocks(TomlReader& reader, std::string_view key);
  /// A name of one of `known`; else an error with the nearest.
  std::string one_of(TomlReader& reader, std::string_view key,
                     const std::vector<std::string>& known, std::string_view what);
  void read_proxy(TomlReader& reader);
  void read_listener(const std::string& name, TomlReader& reader);
  void read_service(const std::string& name, TomlReader& reader);
  void read_authentication(const std::string& name, TomlReader& reader);
  void read_log(TomlReader& reader);
  void read_acme(const std::string& name, TomlReader& reader);
  /// Once all is read: whoever validates names can reach a listener that answers.
  void check_challenges(TomlReader& reader);
  Route read_route(const std::string& name, TomlReader& reader);
  /// A table of `public` in berth.toml; its host is the label alone.
  Route read_public_route(const std::string& service, TomlReader& reader);
  /// `files`: a page may stand in a file.
  std::vector<Page> read_pages(TomlReader& reader, bool files = true);
  std::string read_hsts(TomlReader& reader);
};

/// "a.example" and, where `wildcards`, "*.example", by labels of letters, digits, '-' and '_' (RFC
/// 1123 section 2.1).
bool is_host_pattern(std::string_view host, bool wildcards = true);
/// The fields that a file may not touch, since the framing of messages depends on them.
bool may_be_set(std::string_view field);

}  // namespace berth::proxy::gateway
