#include "bus/dead_letters.h"

#include <algorithm>

#include "async/clock.h"
#include "base/units.h"

namespace berth::bus {
namespace {

LetterRecord record_of(const DeadLetter& letter, std::uint64_t sequence) {
  return {.delivery = letter.id,
          .message = letter.message,
          .sequence = sequence,
          .topic = letter.topic,
          .service = letter.service,
          .path = letter.path,
          .published = letter.published,
          .died = letter.died,
          .attempts = letter.attempts,
          .why = letter.why,
          .content_type = letter.content_type,
          .body = letter.body};
}

DeadLetter letter_of(const LetterRecord& record) {
  return {.id = std::string(record.delivery),
          .message = std::string(record.message),
          .topic = std::string(record.topic),
          .service = std::string(record.service),
          .path = std::string(record.path),
          .published = record.published,
          .died = record.died,
          .attempts = record.attempts,
          .why = std::string(record.why),
          .content_type = std::string(record.content_type),
          .bytes = record.body.size(),
          .body = std::string(record.body)};
}

SegmentLogOptions log_options(std::string folder, std::uint64_t bytes_max) {
  SegmentLogOptions options;
  options.folder = std::move(folder);
  options.segment_bytes = std::clamp<std::uint64_t>(bytes_max / 16, 64 << 10, 64 << 20);
  return options;
}

}  // namespace

DeadLetters::DeadLetters(World& world, Log log, std::string folder, DeadLetterLimits limits)
    : world_(world),
      log_(log),
      limits_(limits),
      records_(world, log, log_options(std::move(folder), limits.bytes_max),
               [this](const LogRecord& record) {
                 check(restore(record).ok(), "a dead letter was written that cannot be read");
               }) {}

Deferred<void> DeadLetters::open() {
  co_await records_.open(1, [this](const LogRecord& record) { return restore(record); });
  co_await tend();
}

Result<void> DeadLetters::restore(const LogRecord& record) {
  if (kind_of(record.payload) == RecordKind::letter) {
    put(TRY(decode_letter(record.payload)), record);
    return {};
  }
  GoneRecord gone = TRY(decode_gone(record.payload));
  auto topic = topics_.find(gone.topic);
  if (topic == topics_.end()) return {};
  auto letter = topic->second.letters.find(gone.delivery);
  if (letter != topic->second.letters.end() && letter->second.sequence == gone.sequence) {
    erase(topic->second, letter);
  }
  return {};
}

void DeadLetters::put(const LetterRecord& record, const LogRecord& at) {
  auto& topic = topics_[std::string(record.topic)];
  auto before = topic.letters.find(record.delivery);
  if (before != topic.letters.end()) erase(topic, before);
  std::string delivery(record.delivery);
  Letter& letter = topic.letters[delivery];
  letter = {record.sequence, at.place, record.died, std::string(record.service)};
  topic.order[letter.order()] = delivery;
  topic.count[std::string(record.service)]++;
  in_segment_[at.place.segment]++;
  letters_++;
  live_bytes_ += at.place.bytes;
}

void DeadLetters::erase(Topic& topic, Letters::iterator letter) {
  Letter& gone = letter->second;
  auto segment = in_segment_.find(gone.place.segment);
  if (--segment->second == 0) in_segment_.erase(segment);
  auto count = topic.count.find(gone.service);
  if (--count->second == 0) topic.count.erase(count);
  letters_--;
  live_bytes_ -= gone.place.bytes;
  topic.order.erase(gone.order());
  topic.letters.erase(letter);
}

Deferred<void> DeadLetters::add(DeadLetter letter, std::uint64_t sequence) {
  if (letters_ >= limits_.letters_max || live_bytes_ >= limits_.bytes_max) {
    co_await fail_with(Error(Code::overloaded,
                             "there is no room for more dead letters (" + std::to_string(letters_) +
                                 " with " + format_size(static_cast<std::int64_t>(live_bytes_)) +
                                 " are kept); send them again"));
  }
  std::string head = encode_head(record_of(letter, sequence));
  co_await records_.append(head, letter.body);
}

void DeadLetters::settle(std::string_view topic_name, std::string_view delivery,
                         std::uint64_t sequence, std::uint64_t note) {
  auto topic = topics_.find(topic_name);
  if (topic == topics_.end()) return;
  auto letter = topic->second.letters.find(delivery);
  if (letter == topic->second.letters.end() || letter->second.sequence != sequence) return;
  erase(topic->second, letter);
  notes_[note]++;
  scope_.add(write_note(encode(GoneRecord{topic_name, delivery, sequence}), note));
}

Deferred<void> DeadLetters::write_note(std::string record, std::uint64_t note) {
  for (;;) {
    auto written = co_await records_.append(record, {}).result();
    if (written.ok()) break;
    if (written.error().is(Code::closed)) co_return;
    log_.warning("a dead letter that was sent again could not be noted yet",
                 {{"error", written.error()}});
    co_await world_.clock.after(1s);
  }
  auto count = notes_.find(note);
  if (--count->second == 0) notes_.erase(count);
}

const DeadLetters::Letter* DeadLetters::find_letter(std::string_view topic,
                                                    std::string_view delivery) const {
  auto of_topic = topics_.find(topic);
  if (of_topic == topics_.end()) return nullptr;
  auto letter = of_topic->second.letters.find(delivery);
  return letter == of_topic->second.letters.end() ? nullptr : &letter->second;
}

std::uint64_t DeadLetters::find(std::string_view topic, std::string_view delivery) const {
  const Letter* letter = find_letter(topic, delivery);
  return letter ? letter->sequence : 0;
}

Deferred<DeadLetter> DeadLetters::read(std::string topic, std::string delivery) {
  const Letter* letter = find_letter(topic, delivery);
  if (!letter) {
    co_return Error(Code::not_found, "topic '" + topic + "' has no dead letter '" + delivery + "'");
  }
  Bytes payload = co_await records_.read(letter->place);
  LetterRecord record = co_await or_return(decode_letter(payload.view()));
  co_return letter_of(record);
}

std::vector<std::string> DeadLetters::list(std::string_view topic, std::string_view service,
                                           std::size_t letters_max) const {
  std::vector<std::string> ids;
  auto found = topics_.find(topic);
  if (found == topics_.end()) return ids;
  auto& order = found->second.order;
  for (auto at = order.rbegin(); at != order.rend() && ids.size() < letters_max; at++) {
    if (service.empty() || found->second.letters.find(at->second)->second.service == service) {
      ids.push_back(at->second);
    }
  }
  return ids;
}

std::size_t DeadLetters::count(std::string_view topic, std::string_view service) const {
  auto found = topics_.find(topic);
  if (found == topics_.end()) return 0;
  auto count = found->second.count.find(service);
  return count == found->second.count.end() ? 0 : count->second;
}

void DeadLetters::forget_old() {
  WallTime least = world_.clock.wall() - limits_.kept;
  for (auto& [name, topic] : topics_) {
    while (!topic.order.empty()) {
      auto oldest = topic.letters.find(topic.order.begin()->second);
      if (oldest->second.died >= least) break;
      erase(topic, oldest);
    }
  }
  std::erase_if(topics_, [](auto& topic) { return topic.second.letters.empty(); });
}

/// Notes go with their file: the letters they are about were in it or in files that went before.
Deferred<void> DeadLetters::tend() {
  auto permit = co_await tending_.acquire();
  forget_old();
  for (;;) {
    auto [segment, end] = records_.oldest_finished();
    if (segment == 0) co_return;
    bool sparse = records_.bytes() > live_bytes_ + limits_.bytes_max / 4;
    if (in_segment_.contains(segment) && !sparse) co_return;
    if (in_segment_.contains(segment)) co_await empty_oldest();
    if (in_segment_.contains(segment)) co_return;
    co_await records_.forget_before(end);
  }
}

Deferred<void> DeadLetters::empty_oldest() {
  std::uint64_t segment = records_.oldest_finished().first;
  std::vector<RecordPlace> places;
  for (auto& [name, topic] : topics_) {
    for (auto& [delivery, letter] : topic.letters) {
      if (letter.place.segment == segment) places.push_back(letter.place);
    }
  }
  for (auto& place : places) {
    Bytes payload = co_await records_.read(place);
    LetterRecord record = co_await or_return(decode_letter(payload.view()));
    if (find(record.topic, record.delivery) != record.sequence) continue;
    co_await records_.append(payload.view(), {});
  }
}

Deferred<void> DeadLetters::close() {
  co_await records_.close();
  co_await scope_.close();
}

}  // namespace berth::bus
