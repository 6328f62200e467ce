#include "app/system_folder.h"

#include <fmt/format.h>

#include "app/api_place.h"
#include "app/words.h"
#include "base/strings.h"
#include "base/utf8.h"
#include "os/host.h"
#include "proxy/gateway/public_route.h"

namespace berth::app {
namespace {

constexpr std::string_view root_name = "berth.toml";

/// Line `number` (from 1) of the text; empty if it has fewer.
std::string_view line_of(std::string_view text, std::int64_t number) {
  auto lines = split(text, '\n');
  if (number < 1 || number > static_cast<std::int64_t>(lines.size())) return {};
  std::string_view line = lines[static_cast<std::size_t>(number - 1)];
  return line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
}

std::string sentence_of(const Json& problem) {
  std::string text = text_of(problem["text"]);
  std::string expected = text_of(problem["expected"]);
  std::string nearest = text_of(problem["nearest"]);
  if (!expected.empty() && text.find(expected) == text.npos) text += "; expected " + expected;
  if (!nearest.empty() && text.find("'" + nearest + "'") == text.npos) {
    text += "; did you mean '" + nearest + "'?";
  }
  return text;
}

}  // namespace

Result<placement::SystemFiles> read_system_folder(const std::string& from, const std::string& file,
                                                  const std::string& environment) {
  placement::SystemFiles files;
  files.route_keys = proxy::gateway::check_public_route;
  files.environment = environment;
  files.folder = TRY(folder_with(from, file));
  std::string root = TRY(os::read_small_file(files.folder + "/" + file));
  for (auto& included : placement::included_files(root)) {
    auto text = os::read_small_file(files.folder + "/" + included);
    if (!text.ok()) return std::move(text).error().during("reading what " + file + " includes");
    files.texts[included] = std::move(*text);
  }
  files.texts[std::string(root_name)] = std::move(root);
  return files;
}

std::string deploy_body(const placement::SystemFiles& files,
                        const std::vector<std::string>& services) {
  std::string body;
  JsonWriter out(body);
  out.begin_object().member("folder", files.folder).key("files").begin_object();
  for (auto& [path, text] : files.texts) out.member(path, text);
  out.end_object().member("environment", files.environment);
  if (!services.empty()) {
    out.key("services").begin_array();
    for (auto& service : services) out.value(service);
    out.end_array();
  }
  out.end_object();
  return body;
}

std::vector<std::string> problem_lines(const Json& problems, const placement::SystemFiles& files,
                                       const std::string& file, const Style& style) {
  std::vector<std::string> lines;
  for (auto& problem : problems.items()) {
    std::string path = text_of(problem["file"]);
    auto number = problem["line"].integer().value_or(0);
    auto column = problem["column"].integer().value_or(0);
    auto text = files.texts.find(path);
    std::string shown = path == root_name ? file : path;
    lines.push_back(
        style.bold(number > 0 ? fmt::format("{}:{}:{}:", shown, number, column) : shown + ":") +
        " " + style.red(sentence_of(problem)));
    if (text == files.texts.end()) continue;
    std::string_view line = line_of(text->second, number);
    if (line.empty()) continue;
    std::string before;
    for (std::int64_t i = 1; i < column && !line.empty(); ++i) {
      std::size_t size = std::max<std::size_t>(utf8_length(line), 1);
      before += line.substr(0, size);
      line.remove_prefix(std::min(size, line.size()));
    }
    std::string mark(shown_width(printable(before)), ' ');
    lines.push_back(style.dim(fmt::format("{:>5} | ", number)) + printable(before) +
                    printable(line));
    lines.push_back(style.dim("      | ") + mark + style.red("^"));
  }
  return lines;
}

}  // namespace berth::app
