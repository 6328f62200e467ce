#include "http/authorization.h"

#include "base/base64.h"
#include "base/strings.h"

namespace berth::http {

std::string basic(std::string_view name, std::string_view password) {
  std::string both(name);
  both.append(":").append(password);
  return "Basic " + base64_encode(both);
}

std::string bearer(std::string_view token) { return "Bearer " + std::string(token); }

std::optional<std::string_view> credentials(const Headers& headers, std::string_view scheme) {
  std::string_view field = trim(headers.value("authorization"));
  bool right = field.size() > scheme.size() && field[scheme.size()] == ' ' &&
               equal_ignoring_case(field.substr(0, scheme.size()), scheme);
  if (!right) return std::nullopt;
  return trim(field.substr(scheme.size()));
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  unsigned char different = a.size() != b.size();
  for (std::size_t i = 0; i < a.size(); ++i) {
    char other = b.empty() ? '\0' : b[i % b.size()];
    different |= static_cast<unsigned char>(a[i] ^ other);
  }
  return different == 0;
}

}  // namespace berth::http
