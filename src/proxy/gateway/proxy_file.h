#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/model.h"
#include "proxy/acme/certificate_spec.h"
#include "proxy/gateway/gateway.h"
#include "proxy/gateway/instance_tls.h"

namespace berth::proxy::gateway {

/// How it is found out whether an instance can be given requests.
struct CheckSpec {
  enum class Kind : std::uint8_t { none, tcp, http, grpc };

  Kind kind = Kind::none;
  std::string target = "/";  // http
  std::string host;          // http: the Host field; empty: the address
  std::string method = "GET";
  std::string grpc_service;  // grpc: whose health is asked for; empty: the server's
  int status_least = 200;
  int status_most = 399;
  Duration interval = 2s;
  double jitter = 0.2;  // of the interval, either way, so that checks do not come all at once
  Duration timeout = 1s;
  std::uint32_t rise = 2;  // passes in a row that bring an instance in
  std::uint32_t fall = 3;  // failures in a row that take it out
  bool operator==(const CheckSpec&) const = default;
};

/// A service whose instances stand in the file.
struct FileService {
  catalog::Service service;  // its instances healthy
  CheckSpec check;
  std::optional<TlsSpec> tls;                  // by TLS to its instances
  std::shared_ptr<const InstanceTls> secured;  // what `tls` became, on the reactor
};

/// Where one line a request goes.
struct LogSpec {
  enum class Form : std::uint8_t { haproxy, json };
  enum class To : std::uint8_t { standard_output, file, syslog_udp, syslog_tcp };

  To to = To::standard_output;
  Form form = Form::haproxy;
  std::string path;  // file
  Address address;   // syslog
  bool operator==(const LogSpec&) const = default;
};

/// What proxy.toml says (docs/formats/proxy.md).
struct ProxyFile {
  std::shared_ptr<Gateway> gateway;
  std::vector<FileService> services;
  std::vector<LogSpec> logs;
  std::vector<acme::CertificateSpec> certificates;
  Duration stop_grace = 10s;
  Address metrics;  // GET /metrics by anybody who reaches it; none: nowhere
  Address control;  // a Unix path: metrics, and the API of docs/formats/proxy.md; none: nowhere
};

/// The content of another file, such as a certificate; its path is absolute.
using ReadFile = std::function<Result<std::string>(const std::string& path)>;

/// Reads it with all files that it names, whose paths are relative to `folder`. Blocks as `read`
/// does, so it belongs on a worker. invalid: all that is wrong, a line each,
/// "proxy.toml:12:9: ...".
Result<ProxyFile> read_proxy_file(std::string_view text, const std::string& name,
                                  const std::string& folder, const ReadFile& read);

}  // namespace berth::proxy::gateway
