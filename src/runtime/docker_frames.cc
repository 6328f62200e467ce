#include "runtime/docker_frames.h"

#include <chrono>

#include "base/strings.h"
#include "base/utf8.h"
#include "runtime/log_path.h"

namespace berth::runtime {
namespace {

constexpr std::size_t head_bytes = 8;
constexpr std::uint8_t stream_max = 2;

std::uint32_t big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

}  // namespace

Result<WallTime> parse_docker_time(std::string_view text) {
  auto number = [&](std::size_t at, std::size_t count, int most) {
    return parse_integer<int>(text.substr(at, count), 0, most);
  };
  Error wrong(Code::invalid, "'" + std::string(text) + "' is no time");
  if (text.size() < 20 || !text.ends_with('Z')) return wrong;
  for (auto [at, c] : {std::pair{4, '-'}, {7, '-'}, {10, 'T'}, {13, ':'}, {16, ':'}}) {
    if (text[static_cast<std::size_t>(at)] != c) return wrong;
  }
  std::chrono::year_month_day day{std::chrono::year(TRY(number(0, 4, 9999))),
                                  std::chrono::month(static_cast<unsigned>(TRY(number(5, 2, 12)))),
                                  std::chrono::day(static_cast<unsigned>(TRY(number(8, 2, 31))))};
  bool fits = day.year() >= std::chrono::year(1970) && day.year() <= std::chrono::year(2261);
  if (!day.ok() || !fits) return wrong;  // nanoseconds of 64 bits end in 2262
  std::int64_t seconds =
      std::chrono::sys_days(day).time_since_epoch().count() * std::int64_t{86'400} +
      TRY(number(11, 2, 23)) * 3600 + TRY(number(14, 2, 59)) * 60 + TRY(number(17, 2, 60));
  std::string fraction(text.substr(19, text.size() - 20));
  std::int64_t nanoseconds = 0;
  if (!fraction.empty()) {
    if (fraction[0] != '.' || fraction.size() > 10) return wrong;
    fraction.resize(10, '0');
    nanoseconds = TRY(parse_integer<std::int64_t>(std::string_view(fraction).substr(1), 0));
  }
  return WallTime{seconds * 1'000'000'000 + nanoseconds};
}

Result<void> DockerFrames::take(std::string_view bytes, std::vector<DockerLine>& out) {
  received_ += bytes;
  std::size_t at = 0;
  while (received_.size() - at >= head_bytes) {
    std::string_view head = std::string_view(received_).substr(at, head_bytes);
    auto stream = static_cast<std::uint8_t>(head[0]);
    std::uint32_t length = big_endian(head.substr(4));
    if (stream > stream_max || big_endian(head.substr(1, 3)) != 0 || length > frame_bytes_max) {
      return Error(Code::invalid, "Docker answers something else than a log");
    }
    if (received_.size() - at - head_bytes < length) break;
    take_payload(stream, std::string_view(received_).substr(at + head_bytes, length), out);
    at += head_bytes + length;
  }
  received_.erase(0, at);
  return {};
}

void DockerFrames::take_payload(std::uint8_t stream, std::string_view payload,
                                std::vector<DockerLine>& out) {
  auto parts = split_once(payload, ' ');
  auto time = parts ? parse_docker_time(parts->first) : parse_docker_time("");
  if (time.ok()) payload = parts->second;
  bool whole = payload.ends_with('\n');
  if (whole) payload.remove_suffix(1);
  DockerLine& line = partial_[stream];
  if (line.time == WallTime{} && time.ok()) line.time = *time;
  std::size_t room = log_line_bytes_max + 1 - line.text.size();
  line.text += payload.substr(0, room);
  if (!whole) return;
  out.push_back({line.time, cut_text(line.text, log_line_bytes_max)});
  partial_.erase(stream);
}

}  // namespace berth::runtime
