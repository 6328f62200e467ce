#include "http/authorization.h"

#include "base/base64.h"

namespace berth::http {

std::string basic(std::string_view name, std::string_view password) {
  std::string both(name);
  both.append(":").append(password);
  return "Basic " + base64_encode(both);
}

std::string bearer(std::string_view token) { return "Bearer " + std::string(token); }

}  // namespace berth::http
