#include "http/refusals.h"

#include <string>
#include <utility>

namespace berth::http {
namespace {

struct Words {
  std::string_view name;
  std::string_view words;
};
constexpr std::array<Words, refusals_count> all_words{{
    {"connections", "too many connections"},
    {"connections_per_client", "too many connections of one client"},
    {"head_time", "a request's head did not come in time"},
    {"head_size", "a request's head is too large"},
    {"head_syntax", "a request is not HTTP"},
    {"content_size", "a request's content is too large"},
    {"content_rate", "a request's content comes too slowly"},
    {"answer_rate", "an answer is read too slowly"},
    {"h2_rate", "too many resets or control frames over HTTP/2"},
}};

}  // namespace

std::string_view name_of(Refusal refusal) {
  return all_words[static_cast<std::size_t>(refusal)].name;
}

std::string_view words_of(Refusal refusal) {
  return all_words[static_cast<std::size_t>(refusal)].words;
}

void Refusals::note(Refusal refusal, const Address& peer, std::string_view detail) {
  Kind& kind = kinds_[static_cast<std::size_t>(refusal)];
  ++kind.count;
  if (!log_.on(LogLevel::warning)) return;
  if (kind.last_told && clock_.now() - *kind.last_told < log_every) return;
  kind.last_told = clock_.now();
  auto times = kind.count - std::exchange(kind.told, kind.count);
  log_.warning("refused", {{"why", words_of(refusal)},
                           {"peer", peer.text()},
                           {"detail", detail},
                           {"times", times},
                           {"in_all", kind.count}});
}

}  // namespace berth::http
