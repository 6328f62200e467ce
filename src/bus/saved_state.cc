#include "bus/saved_state.h"

#include <algorithm>

#include "base/hash.h"
#include "bus/fields.h"
#include "bus/little_endian.h"

namespace berth::bus {
namespace {

constexpr std::string_view magic = "BERTHBUS";
constexpr std::uint32_t version = 1;
constexpr std::size_t head_size = 28;  // magic, version, generation, bytes, checksum
constexpr std::size_t checksum_at = 24;

void append_subscription(std::string& out, const SavedSubscription& subscription) {
  append_text(out, subscription.service);
  append_text(out, subscription.path);
  append_varint(out, subscription.next);
  append_varint(out, subscription.delivered);
  append_varint(out, subscription.retried);
  append_varint(out, subscription.open.size());
  for (auto& delivery : subscription.open) {
    append_varint(out, delivery.sequence);
    append_varint(out, delivery.attempts);
    append_time(out, delivery.due);
  }
}

SavedSubscription take_subscription(FieldReader& fields) {
  SavedSubscription out;
  out.service = fields.text();
  out.path = fields.text();
  out.next = fields.number();
  out.delivered = fields.number();
  out.retried = fields.number();
  for (std::uint64_t count = fields.number(); fields.good && count > 0; count--) {
    SavedDelivery delivery;
    delivery.sequence = fields.number();
    delivery.attempts = static_cast<std::uint32_t>(fields.number());
    delivery.due = fields.time();
    if (fields.good) out.open.push_back(delivery);
  }
  return out;
}

SavedTopic take_topic(FieldReader& fields) {
  SavedTopic out;
  out.name = fields.text();
  out.published = fields.number();
  for (std::uint64_t count = fields.number(); fields.good && count > 0; count--) {
    out.subscriptions.push_back(take_subscription(fields));
  }
  return out;
}

Error wrong(std::string_view what) {
  return Error(Code::invalid, "the bus's state " + std::string(what));
}

}  // namespace

std::uint64_t SavedState::low_water() const {
  std::uint64_t least = next_sequence;
  for (auto& topic : topics) {
    for (auto& subscription : topic.subscriptions) {
      least = std::min(least, subscription.next);
      if (!subscription.open.empty()) least = std::min(least, subscription.open.front().sequence);
    }
  }
  return least;
}

std::string SavedState::encode() const {
  std::string body;
  append_varint(body, next_sequence);
  append_varint(body, topics.size());
  for (auto& topic : topics) {
    append_text(body, topic.name);
    append_varint(body, topic.published);
    append_varint(body, topic.subscriptions.size());
    for (auto& subscription : topic.subscriptions) append_subscription(body, subscription);
  }
  std::string out(magic);
  append_fixed(out, version);
  append_fixed(out, generation);
  append_fixed(out, static_cast<std::uint32_t>(body.size()));
  append_fixed(out, crc32c(body, crc32c(out)));
  return out + body;
}

Result<SavedState> SavedState::decode(std::string_view slot) {
  if (slot.size() < head_size || !slot.starts_with(magic)) return wrong("is not there");
  if (read_fixed<std::uint32_t>(slot, 8) != version) return wrong("is of another version of Berth");
  auto bytes = read_fixed<std::uint32_t>(slot, 20);
  if (bytes > slot.size() - head_size) return wrong("is cut");
  std::string_view body = slot.substr(head_size, bytes);
  if (read_fixed<std::uint32_t>(slot, checksum_at) !=
      crc32c(body, crc32c(slot.substr(0, checksum_at)))) {
    return wrong("is damaged");
  }
  SavedState state;
  state.generation = read_fixed<std::uint64_t>(slot, 12);
  FieldReader fields{body};
  state.next_sequence = fields.number();
  for (std::uint64_t count = fields.number(); fields.good && count > 0; count--) {
    state.topics.push_back(take_topic(fields));
  }
  if (!fields.good || !fields.left.empty()) return wrong("is damaged");
  return state;
}

}  // namespace berth::bus
