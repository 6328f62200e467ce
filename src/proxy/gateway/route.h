#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "http/compression.h"
#include "http/static_files.h"
#include "proxy/gateway/address_list.h"
#include "proxy/gateway/authentication.h"
#include "proxy/gateway/conditions.h"
#include "proxy/gateway/template.h"

namespace berth::proxy::gateway {

/// What is done to the fields of a head, in this order. `set` and `remove` take away what was
/// there.
struct HeaderRules {
  enum class Verb : std::uint8_t { set, add, remove };
  struct Rule {
    Verb verb;
    std::string name;
    Template value;
  };
  std::vector<Rule> rules;

  bool drops(std::string_view name) const;
  /// The fields that are set and added.
  void append(std::string& out, const Values& values) const;
};

/// Which pages of other origins may call (the Fetch standard, "CORS protocol").
struct Cors {
  std::vector<std::string> origins;  // "https://a.example", "https://*.example", "*"
  std::string methods = "GET, HEAD, POST, PUT, PATCH, DELETE";
  std::string headers;  // that may be sent; empty: those that are asked for
  std::string exposed;
  bool credentials = false;
  Duration keep_for = 10min;

  bool all() const { return origins.size() == 1 && origins[0] == "*"; }
  bool allows(std::string_view origin) const;
  /// What an answer to `origin`, which is allowed, carries.
  void append(std::string& out, std::string_view origin) const;
  void append_preflight(std::string& out, std::string_view origin,
                        std::string_view asked_headers) const;
};

/// A page of our own for answers of our own.
struct Page {
  int status = 0;  // 0: every status that has no page
  std::string type = "text/html; charset=utf-8";
  std::string text;
};
/// What `pages` has for a status, or null.
const Page* page_for(const std::vector<Page>& pages, int status);

struct Maintenance {
  AddressList except;  // those come through
  Duration retry_after = 5min;
};

/// How many requests of a route one client may make: what it makes beyond gets 429.
struct ClientLimit {
  double per_second = 0;    // 0: any number
  std::uint32_t burst = 0;  // at once; 0: those of a second
};

/// How a path is changed before it goes on. For a prefix the part behind it stays; `to` is put in
/// its place. For an exact path `to` is the new path. An expression puts its groups where `\1` is.
struct Rewrite {
  std::optional<Template> to;
  Expression expression;
  std::string replacement;
};

struct Redirect {
  Template to;
  int status = 308;
};

/// An answer without any service.
struct Respond {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string text;
};

/// The files below a folder, as answers.
struct Files {
  std::string folder;
  http::StaticFilesOptions options;
  std::string fallback;  // what is answered where there is no file: "/index.html"; empty: 404
};

/// Which answers are encoded on their way to the client.
struct Compression {
  http::CompressionOptions options;
  bool cross_site = false;  // also those that risks_breach() is true for
};

/// One rule of the gateway: which requests, and what becomes of them. Immutable once in a
/// RouteTable. docs/formats/proxy.md has the words of each.
struct Route {
  enum class PathKind : std::uint8_t { prefix, exact, expression };
  static constexpr std::size_t parameters_max = 16;

  std::string name;
  // Which requests.
  std::vector<std::string> hosts;  // "a.example", "*.example"; empty: any
  PathKind path_kind = PathKind::prefix;
  std::string path = "/";
  Expression expression;
  std::vector<std::string> methods;    // empty: any
  std::vector<std::string> listeners;  // empty: any
  std::vector<FieldCondition> headers;
  std::vector<FieldCondition> query;
  // What becomes of them: one of these.
  std::string service;
  std::optional<Redirect> redirect;
  std::optional<Respond> respond;
  std::shared_ptr<const Files> files;
  // And how.
  std::optional<Rewrite> rewrite;
  std::optional<Template> host;  // the Host that the service sees; nothing: the client's
  HeaderRules request_headers;
  HeaderRules response_headers;
  bool https_only = false;           // over plain HTTP: redirected
  std::uint64_t body_bytes_max = 0;  // 0: any; beyond: 413
  Duration timeout = 0s;             // 0: the service's
  ClientLimit limit;
  std::shared_ptr<const Maintenance> maintenance;
  std::shared_ptr<const AddressList> allow;                            // null: everybody
  std::shared_ptr<const AddressList> deny;                             // goes before `allow`
  std::vector<std::shared_ptr<const Authentication>> authentications;  // one of them must pass
  std::shared_ptr<const Cors> cors;
  std::string hsts;  // Strict-Transport-Security over TLS (RFC 6797); empty: none
  std::shared_ptr<const Compression> compression;  // null: none
  std::vector<Page> pages;

  /// How many conditions it has besides host and path.
  std::size_t conditions() const {
    return headers.size() + query.size() + (methods.empty() ? 0 : 1) + (listeners.empty() ? 0 : 1);
  }
};

/// The names of the parameters "{id}" in a path, in their order. Errors: invalid, with what is
/// wrong with the path: it begins with '/', a parameter is a whole segment, names differ.
Result<std::vector<std::string>> parameters_of(std::string_view path);

}  // namespace berth::proxy::gateway
