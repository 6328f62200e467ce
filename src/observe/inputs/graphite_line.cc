#include "observe/inputs/graphite_line.h"

#include <array>
#include <string>
#include <vector>

#include "base/strings.h"
#include "observe/inputs/number_text.h"
#include "observe/metric_names.h"
#include "observe/sample_writer.h"

namespace berth::observe {
namespace {

constexpr std::size_t path_bytes_max = 1024;
constexpr std::size_t tags_max = 32;
constexpr double seconds_most = 1e11;  // the year 5138; what is more is milliseconds by mistake

struct Words {
  std::array<std::string_view, 4> word;
  std::size_t count = 0;
};

Words words_of(std::string_view line) {
  Words out;
  while (out.count < out.word.size()) {
    std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos) break;
    line.remove_prefix(begin);
    std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    out.word[out.count++] = line.substr(0, end);
    line.remove_prefix(end);
  }
  return out;
}

Result<promql::Labels> labels_of_path(std::string_view path) {
  auto parts = split(path, ';');
  std::string_view name = parts[0];
  if (name.empty() || name.find_first_not_of('.') == name.npos) {
    return Error(Code::invalid, "its path is empty");
  }
  if (parts.size() > tags_max + 1) return Error(Code::invalid, "it has more than 32 tags");
  std::vector<promql::Label> labels;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    auto tag = split_once(parts[i], '=');
    if (!tag || tag->first.empty() || tag->second.empty()) {
      return Error(Code::invalid, "'" + std::string(parts[i]) + "' is no TAG=VALUE");
    }
    std::string label = metric_name_of(tag->first);
    if (label == promql::metric_name) return Error(Code::invalid, "a tag may not be __name__");
    labels.push_back({std::move(label), std::string(tag->second)});
  }
  return labels_of_name(name, std::move(labels));
}

}  // namespace

Result<GraphiteSample> read_graphite(std::string_view line) {
  Words words = words_of(line);
  if (words.count < 2 || words.count > 3) {
    return Error(Code::invalid, "it is not PATH VALUE [SECONDS]");
  }
  if (words.word[0].size() > path_bytes_max) {
    return Error(Code::invalid, "its path has more than 1024 bytes");
  }
  GraphiteSample out;
  out.labels = TRY(labels_of_path(words.word[0]));
  auto value = number_of_text(words.word[1]);
  if (!value) return Error(Code::invalid, "its value is no number");
  out.value = *value;
  std::string_view time = words.count == 3 ? words.word[2] : "N";
  if (time == "N" || time == "n" || time == "-1") return out;
  auto seconds = number_of_text(time);
  if (!seconds || *seconds < 0 || *seconds > seconds_most) {
    return Error(Code::invalid, "its time is not in seconds since 1970");
  }
  out.time = static_cast<std::int64_t>(*seconds * 1000);
  return out;
}

}  // namespace berth::observe
