#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tls/pem.h"

namespace berth::proxy::acme {

/// A certificate that is to be had from an ACME directory, as [acme.NAME] of proxy.toml says.
struct CertificateSpec {
  std::string name;  // of the table, and of the files in `folder`
  std::string directory;
  std::vector<std::string> names;       // DNS names in small letters, all in one certificate
  std::vector<std::string> contacts;    // "mailto:ops@shop.example"
  std::string folder;                   // absolute
  std::optional<tls::Pem> authorities;  // who is trusted for the directory; nothing: the system's
  std::uint32_t orders_per_hour_max = 5;
  /// What stood in `file()` when the specification was read; empty: nothing.
  std::string stored;

  /// All but what was stored.
  bool same_as(const CertificateSpec& other) const {
    auto text = [](const auto& pem) { return pem ? pem->text : std::string(); };
    return name == other.name && directory == other.directory && names == other.names &&
           contacts == other.contacts && folder == other.folder &&
           text(authorities) == text(other.authorities) &&
           orders_per_hour_max == other.orders_per_hour_max;
  }
  std::string file() const { return folder + "/" + name + ".pem"; }
};

}  // namespace berth::proxy::acme
