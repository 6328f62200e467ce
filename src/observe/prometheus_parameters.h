#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace berth::observe {

/// The parameters of a request to Prometheus' API, from its query and its form.
class PrometheusParameters {
 public:
  void read(std::string_view form);

  /// The first of that name; empty if there is none.
  std::string_view value(std::string_view name) const;
  std::vector<std::string_view> values(std::string_view name) const;

  /// Milliseconds since 1970, from seconds or RFC 3339. invalid in Prometheus' words.
  Result<std::int64_t> time(std::string_view name, std::int64_t otherwise) const;
  Result<std::int64_t> time(std::string_view name) const;
  /// Milliseconds, from seconds or "1h30m".
  Result<std::int64_t> duration(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> list_;
};

/// `invalid parameter "NAME": MESSAGE`.
Error invalid_parameter(std::string_view name, std::string_view message);

}  // namespace berth::observe
