#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace berth::proxy::gateway {

/// What a request gives to templates. Texts are borrowed.
struct Values {
  std::string_view scheme;
  std::string_view host;
  std::string_view method;
  std::string_view path;   // as the client asked, in its normal form
  std::string_view query;  // without its '?'
  std::string_view rest;   // of the path, behind the route's prefix
  std::string_view client;
  std::string_view user;  // who was authenticated; empty: nobody
  struct Parameter {
    std::string_view name;
    std::string_view value;
  };
  const Parameter* parameters = nullptr;  // of the route's path
  std::size_t parameter_count = 0;
};

/// A text with places: "https://{host}/new/{id}". Names are those of Values and of the parameters
/// of the route's path; "{{" is a brace. Immutable; any thread.
class Template {
 public:
  Template() = default;

  /// Errors: invalid, with the name that is unknown and what there is.
  static Result<Template> parse(std::string_view text,
                                const std::vector<std::string>& parameters = {});
  void append(std::string& out, const Values& values) const;
  bool empty() const { return pieces_.empty(); }
  /// What the text begins with, up to its first place.
  std::string_view beginning() const {
    return pieces_.empty() || pieces_[0].source != Source::text ? std::string_view()
                                                                : pieces_[0].text;
  }

 private:
  enum class Source : std::uint8_t {
    text,
    scheme,
    host,
    method,
    path,
    query,
    rest,
    client,
    user,
    parameter,
  };
  struct Piece {
    Source source;
    std::string text;  // or the parameter's name
  };
  static constexpr std::string_view names[] = {"",      "scheme", "host",   "method", "path",
                                               "query", "rest",   "client", "user"};

  std::vector<Piece> pieces_;
};

}  // namespace berth::proxy::gateway
