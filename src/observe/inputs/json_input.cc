#include "observe/inputs/json_input.h"

#include "async/clock.h"
#include "base/strings.h"
#include "observe/inputs/line_fields.h"
#include "observe/parse/json_line.h"
#include "observe/parse/syslog_message.h"

namespace berth::observe {

JsonInput::JsonInput(InputSpec spec, const InputLinks& links, OpenPlaces places)
    : HttpInput(std::move(spec), links, std::move(places)) {
  for (auto* path : {"/", "/lines"}) {
    routes_.add("POST", path, [this](http::ServerRequest& request) { return take(request); });
  }
}

Deferred<http::ServerResponse> JsonInput::take(http::ServerRequest& request) {
  auto body = co_await decoded_body(request, body_bytes_max).result();
  if (!body.ok()) co_return body_refused(request, body.error());
  std::string service = request.query("service");
  std::string host = request.query("host");
  std::uint64_t before = counters_.received;
  std::string_view text = trim(*body);
  auto array = text.starts_with('[') ? Json::parse(text) : Result<Json>(Json());
  if (!array.ok()) {
    ++counters_.lost["no_json"];
    co_return http::ServerResponse::problem(400, array.error().message());
  }
  if (array->is_array()) {
    for (auto& each : array->items()) take_line(each.text(), service, host);
  } else {
    for (auto line : split(text, '\n')) take_line(line, service, host);
  }
  auto safe = co_await lines_.commit().result();
  if (!safe.ok()) co_return http::ServerResponse::problem(503, safe.error().message());
  Json answer = Json::object();
  answer.set("lines", counters_.received - before);
  co_return http::ServerResponse::json_value(answer);
}

void JsonInput::take_line(std::string_view text, const std::string& service,
                          const std::string& host) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return;
  ++counters_.received;
  counters_.bytes += text.size();
  FieldsLine fields;
  bool json = read_json_line(text, fields.record);
  fields.tell(text, world_.clock.wall());
  if (!json) ++counters_.faulty["no_json"];
  if (fields.text.size() > spec_.line_bytes_max) {
    fields.text.resize(spec_.line_bytes_max);
    fields.line.text = fields.text;
    fields.line.cut = true;
    ++counters_.faulty["too_long"];
  }
  if (repair_utf8(fields.text)) ++counters_.faulty["not_utf8"];
  LogLine& line = fields.line;
  line.text = fields.text;
  line.input = spec_.name;
  line.parse = spec_.parse;
  if (line.service.empty()) line.service = service.empty() ? spec_.service : service;
  if (line.host.empty()) line.host = host;
  if (!json) line.fields = nullptr;
  lines_.take_kept(line);
}

}  // namespace berth::observe
