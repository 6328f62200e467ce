#include "proxy/gateway/route.h"

#include <algorithm>

#include "base/strings.h"
#include "http/h1_writer.h"

namespace berth::proxy::gateway {
namespace {

/// "https://*.example" stands for one or more labels before ".example".
bool origin_fits(std::string_view pattern, std::string_view origin) {
  std::size_t star = pattern.find("://*.");
  if (star == pattern.npos) return pattern == origin;
  std::string_view before = pattern.substr(0, star + 3);
  std::string_view behind = pattern.substr(star + 4);  // ".example"
  return origin.size() > before.size() + behind.size() && origin.starts_with(before) &&
         origin.ends_with(behind);
}

}  // namespace

bool HeaderRules::drops(std::string_view name) const {
  return std::ranges::any_of(rules, [&](const Rule& rule) {
    return rule.verb != Verb::add && equal_ignoring_case(rule.name, name);
  });
}

void HeaderRules::append(std::string& out, const Values& values) const {
  for (auto& rule : rules) {
    if (rule.verb == Verb::remove) continue;
    out.append(rule.name).append(": ");
    rule.value.append(out, values);
    out += "\r\n";
  }
}

bool Cors::allows(std::string_view origin) const {
  if (all()) return true;
  return std::ranges::any_of(origins,
                             [&](const std::string& each) { return origin_fits(each, origin); });
}

void Cors::append(std::string& out, std::string_view origin) const {
  http::append_header(out, "Access-Control-Allow-Origin", all() && !credentials ? "*" : origin);
  if (credentials) http::append_header(out, "Access-Control-Allow-Credentials", "true");
  if (!exposed.empty()) http::append_header(out, "Access-Control-Expose-Headers", exposed);
}

void Cors::append_preflight(std::string& out, std::string_view origin,
                            std::string_view asked_headers) const {
  append(out, origin);
  http::append_header(out, "Access-Control-Allow-Methods", methods);
  std::string_view allowed = headers.empty() ? asked_headers : std::string_view(headers);
  if (!allowed.empty()) http::append_header(out, "Access-Control-Allow-Headers", allowed);
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(keep_for).count();
  http::append_header(out, "Access-Control-Max-Age", std::to_string(seconds));
}

const Page* page_for(const std::vector<Page>& pages, int status) {
  const Page* any = nullptr;
  for (auto& page : pages) {
    if (page.status == status) return &page;
    if (page.status == 0) any = &page;
  }
  return any;
}

Result<std::vector<std::string>> parameters_of(std::string_view path) {
  std::vector<std::string> names;
  if (!path.starts_with('/')) return Error(Code::invalid, "must begin with '/'");
  for (std::string_view segment : split(path.substr(1), '/')) {
    if (segment == "." || segment == "..") return Error(Code::invalid, "has a dot segment");
    if (segment.find_first_of("{}") == segment.npos) continue;
    std::string_view name = segment.substr(1, segment.size() < 2 ? 0 : segment.size() - 2);
    bool whole = segment.starts_with('{') && segment.ends_with('}') && !name.empty();
    bool plain = std::ranges::all_of(name, [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!whole || !plain) {
      return Error(Code::invalid, "has a '" + std::string(segment) +
                                      "'; a parameter is a whole segment such as '{id}'");
    }
    if (std::ranges::find(names, name) != names.end()) {
      return Error(Code::invalid, "has '{" + std::string(name) + "}' twice");
    }
    names.emplace_back(name);
  }
  if (names.size() > Route::parameters_max) return Error(Code::invalid, "has over 16 parameters");
  return names;
}

}  // namespace berth::proxy::gateway
