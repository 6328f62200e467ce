#include "observe/outputs/webhook_output.h"

#include <fmt/format.h>

#include "base/json_writer.h"
#include "observe/outputs/event_words.h"
#include "observe/streams/event_fields.h"
#include "observe/streams/event_json.h"

namespace berth::observe {
namespace {

constexpr std::size_t fields_max = 20;  // of an attachment
constexpr std::size_t text_bytes_max = 3000;

std::string_view colour_of(std::string_view state) {
  if (state == "critical" || state == "error") return "#d1242f";
  if (state == "warning") return "#d4a72c";
  if (state == "ok") return "#2da44e";
  return "#6e7781";
}

/// Slack reads & < > as the begin of markup.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text.substr(0, text_bytes_max)) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else {
      out += c;
    }
  }
  return out;
}

void write_attachment(JsonWriter& out, const Event& event) {
  std::string headline = escaped(headline_of(event));
  out.begin_object().member("color", colour_of(event.state)).member("fallback", headline);
  out.member("title", headline);
  if (!event.description.empty()) out.member("text", escaped(event.description));
  if (streams::has_time(event)) out.member("ts", event.time.nanoseconds / 1'000'000'000);
  out.key("fields").begin_array();
  std::size_t fields = 0;
  for (auto& [name, value] : event.attributes) {
    if (name == "link" || ++fields > fields_max) continue;
    out.begin_object().member("title", name).member("value", escaped(value));
    out.member("short", value.size() < 40).end_object();
  }
  out.end_array();
  for (auto& [name, value] : event.attributes) {
    if (name == "link") out.member("title_link", value);
  }
  out.end_object();
}

}  // namespace

Deferred<Attempt> WebhookOutput::send(std::span<const Event> events, std::string key) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().key("events").begin_array();
  for (auto& event : events) writer.raw(streams::event_json(event));
  writer.end_array().end_object();
  std::vector<std::pair<std::string, std::string>> headers{{"idempotency-key", std::move(key)}};
  return peer_.post(std::move(body), "application/json", events.size(), "", std::move(headers));
}

std::string chat_message(std::span<const Event> events) {
  std::string out;
  JsonWriter writer(out);
  std::string text = escaped(headline_of(events.front()));
  if (events.size() > 1) text += fmt::format(" and {} more", events.size() - 1);
  writer.begin_object().member("text", text).key("attachments").begin_array();
  for (auto& event : events) write_attachment(writer, event);
  writer.end_array().end_object();
  return out;
}

Deferred<Attempt> ChatOutput::send(std::span<const Event> events, std::string) {
  return peer_.post(chat_message(events), "application/json", events.size());
}

}  // namespace berth::observe
