#include "http/response_headers.h"

#include "base/strings.h"

namespace berth::http {

ResponseHeader* ResponseHeaders::find(std::string_view name) {
  for (auto& each : list_) {
    if (equal_ignoring_case(each.name, name)) return &each;
  }
  return nullptr;
}

const ResponseHeader* ResponseHeaders::find(std::string_view name) const {
  return const_cast<ResponseHeaders*>(this)->find(name);
}

void ResponseHeaders::set(Text name, Text value) {
  remove(name);
  emplace_back(std::move(name), std::move(value));
}

void ResponseHeaders::remove(std::string_view name) {
  std::erase_if(list_, [&](auto& each) { return equal_ignoring_case(each.name, name); });
}

void ResponseHeaders::add_token(Text name, std::string_view token) {
  auto* field = find(name);
  if (!field) return emplace_back(std::move(name), std::string(token));
  for (auto known : split(field->value, ',')) {
    if (equal_ignoring_case(trim(known), token)) return;
  }
  field->value = std::string(field->value.view()) + ", " + std::string(token);
}

}  // namespace berth::http
