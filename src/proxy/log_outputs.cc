#include "proxy/log_outputs.h"

#include <algorithm>

#include "base/json.h"
#include "http/access_record.h"
#include "proxy/log_places.h"

namespace berth::proxy {
namespace {

double milliseconds(std::int64_t nanoseconds) {
  return nanoseconds < 0 ? -1 : static_cast<double>(nanoseconds / 1000) / 1000;
}

}  // namespace

Result<void> LogOutputs::set(const std::vector<gateway::LogSpec>& specs) {
  std::vector<Output> next;
  for (auto& spec : specs) {
    auto same = std::ranges::find(outputs_, spec, &Output::spec);
    if (same != outputs_.end()) {
      next.push_back(*same);
    } else {
      next.push_back({spec, TRY(make_log_place(world_, log_, spec, relay_))});
    }
  }
  for (auto& output : outputs_) {
    bool stays = std::ranges::find(next, output.place, &Output::place) != next.end();
    if (!stays) lost_before_ += output.place->lost();
  }
  outputs_ = std::move(next);
  return {};
}

void LogOutputs::reopen() {
  for (auto& output : outputs_) output.place->reopen();
}

void LogOutputs::note(const http::AccessRecord& record) {
  using Form = gateway::LogSpec::Form;
  std::string json;  // made where one is wanted
  line_.clear();
  for (auto& output : outputs_) {
    bool as_json = output.spec.form == Form::json;
    if (as_json && json.empty()) json = json_line(record);
    if (!as_json && line_.empty()) http::append_haproxy_line(line_, record);
    output.place->add(record, as_json ? json : line_);
  }
}

void LogOutputs::take(const gateway::LogSpec& spec, std::string_view text, std::uint64_t lines) {
  auto found = std::ranges::find(outputs_, spec, &Output::spec);
  if (found != outputs_.end()) {
    found->place->take(text, lines);
  } else {
    lost_before_ += lines;
  }
}

std::uint64_t LogOutputs::lines_lost() const {
  std::uint64_t lost = lost_before_;
  for (auto& output : outputs_) lost += output.place->lost();
  return lost;
}

Deferred<void> LogOutputs::finish() {
  auto outputs = outputs_;
  for (auto& output : outputs) co_await output.place->finish();
}

std::string json_line(const http::AccessRecord& r) {
  Json out = Json::object();
  out.add_member("accepted_ms", r.accepted / 1'000'000);
  out.add_member("client", Address::ipv4(r.client_ip, r.client_port).text());
  out.add_member("frontend", r.frontend);
  out.add_member("backend", r.backend);
  out.add_member("server", r.server);
  if (!r.route.empty()) out.add_member("route", r.route);
  out.add_member("caller", r.caller);
  out.add_member("method", r.method);
  out.add_member("target", r.target);
  out.add_member("status", r.status);
  out.add_member("termination", std::string_view(r.termination, 4));
  out.add_member("request_ms", milliseconds(r.request));
  out.add_member("waiting_ms", milliseconds(r.waiting));
  out.add_member("connecting_ms", milliseconds(r.connecting));
  out.add_member("response_ms", milliseconds(r.response));
  out.add_member("total_ms", milliseconds(r.total));
  out.add_member("bytes_in", r.bytes_in);
  out.add_member("bytes_out", r.bytes_out);
  out.add_member("retries", r.retries);
  out.add_member("backend_queue", r.backend_queue);
  out.add_member("backend_requests", r.backend_requests);
  out.add_member("server_requests", r.server_requests);
  return out.text();
}

}  // namespace berth::proxy
