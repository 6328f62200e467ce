#include "proxy/gateway/template.h"

#include <algorithm>

namespace berth::proxy::gateway {

Result<Template> Template::parse(std::string_view text,
                                 const std::vector<std::string>& parameters) {
  Template out;
  std::string plain;
  auto end_plain = [&] {
    if (!plain.empty()) out.pieces_.push_back({Source::text, std::move(plain)});
    plain.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7f) return Error(Code::invalid, "has a control character");
    if (text[i] != '{') {
      plain += text[i];
      continue;
    }
    if (text.substr(i, 2) == "{{") {
      plain += text[i++];
      continue;
    }
    std::size_t end = text.find('}', i);
    if (end == text.npos) return Error(Code::invalid, "has a '{' without its '}'");
    std::string name(text.substr(i + 1, end - i - 1));
    end_plain();
    const auto* known = std::ranges::find(names, name);
    if (std::ranges::find(parameters, name) != parameters.end()) {
      out.pieces_.push_back({Source::parameter, std::move(name)});
    } else if (!name.empty() && known != std::end(names)) {
      out.pieces_.push_back({static_cast<Source>(known - std::begin(names)), ""});
    } else {
      std::string there = "scheme, host, method, path, query, rest, client, user";
      for (auto& each : parameters) there += ", " + each;
      return Error(Code::invalid, "has no '{" + name + "}'; there are " + there);
    }
    i = end;
  }
  end_plain();
  return out;
}

void Template::append(std::string& out, const Values& values) const {
  const std::string_view by_source[] = {"",          values.scheme, values.host, values.method,
                                        values.path, values.query,  values.rest, values.client,
                                        values.user};
  for (auto& piece : pieces_) {
    if (piece.source == Source::text) {
      out += piece.text;
    } else if (piece.source != Source::parameter) {
      out += by_source[static_cast<std::size_t>(piece.source)];
    } else {
      for (std::size_t i = 0; i < values.parameter_count; ++i) {
        if (values.parameters[i].name == piece.text) {
          out += values.parameters[i].value;
          break;
        }
      }
    }
  }
}

}  // namespace berth::proxy::gateway
