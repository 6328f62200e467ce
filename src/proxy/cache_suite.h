#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "async/serve.h"
#include "base/strings.h"
#include "http/access_record.h"
#include "http/client.h"
#include "http/h1_parser.h"
#include "proxy/answers/http_date.h"
#include "proxy/proxy.h"
#include "proxy/tries_suite.h"
#include "sim/simulation.h"

namespace berth::proxy {

/// An instance that says byte by byte what the test wants it to say.
struct Origin {
  std::string start = "HTTP/1.1 200 OK";
  std::vector<std::string> fields = {"Cache-Control: max-age=60"};
  std::string body = "content";
  std::string raw;      // instead of all that, where it is set
  bool dates = true;    // with a Date
  bool closes = false;  // after the answer
  Duration takes{};
  bool answers_conditions = true;                         // 304 to If-None-Match with its ETag
  std::vector<std::map<std::string, std::string>> asked;  // fields of each request, and ":method"
  std::unique_ptr<Listener> listener;
  Deferred<void> serves;

  const std::map<std::string, std::string>& last() const { return asked.back(); }
  std::string field(const std::string& name) const {
    for (auto& each : fields) {
      if (each.starts_with(name + ": ")) return each.substr(name.size() + 2);
    }
    return "";
  }
};

/// A proxy that keeps answers, in virtual time, in front of instances that say what they are told
/// to.
struct CacheTest : ::testing::Test {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  /// What a client got.
  struct Got {
    int status = 0;
    std::string body;
    std::map<std::string, std::string> fields;  // names in small letters
    std::string operator[](const std::string& name) const {
      auto found = fields.find(name);
      return found == fields.end() ? "" : found->second;
    }
  };

  sim::Simulation simulation{17};
  sim::Host& here = simulation.add_host("here");
  sim::Host& there = simulation.add_host("there");
  TriesSink sink;
  NamedCaller callers;
  PlainListeners plain{here.network};
  catalog::Service users;
  std::vector<std::unique_ptr<Origin>> origins;
  std::unique_ptr<Proxy> proxy =
      std::make_unique<Proxy>(here.world(), Log(), plain, sink, callers, ProxyOptions());
  std::unique_ptr<http::Client> client = std::make_unique<http::Client>(here.clock, here.network);
  std::uint64_t revision = 0;
  Origin& origin;

  CacheTest() : origin(add()) {
    users.name = "users";
    users.vip = here.address(7480);
    users.policy.queue_timeout = 300ms;
    users.policy.cache.on = true;
    apply();
  }

  Origin& add() {
    auto& added = *origins.emplace_back(std::make_unique<Origin>());
    auto number = static_cast<std::uint16_t>(origins.size());
    Address address = there.address(static_cast<std::uint16_t>(4000 + number));
    added.listener = there.network.listen(address).value();
    added.serves = serve(*added.listener, [this, &added](std::unique_ptr<ByteStream> stream) {
      return converse(added, std::move(stream));
    });
    users.instances.push_back({"users/" + std::to_string(number), "1", "v1", "there", address,
                               catalog::Health::healthy, "", 0});
    return added;
  }
  Deferred<void> converse(Origin& of, std::unique_ptr<ByteStream> stream) {
    Bytes pending;
    for (;;) {
      http::HeadFinder finder;
      std::size_t size = 0;
      while ((size = finder.find(pending.view())) == 0) {
        Bytes more = co_await stream->read();
        if (more.empty()) co_return;
        pending = joined(pending, more);
      }
      auto head = http::parse_request(pending.slice(0, size)).value();
      pending.remove_prefix(size);
      http::BodyScanner scanner(head.framing);
      while (!scanner.done()) {
        if (pending.empty()) pending = co_await stream->read();
        auto taken = scanner.scan(pending.view(), [](std::size_t, std::size_t) {}).value();
        pending.remove_prefix(taken);
      }
      auto& asked = of.asked.emplace_back();
      asked[":method"] = head.method;
      asked[":target"] = head.target;
      for (auto& each : head.headers) asked[lower(each.name)] = each.value;
      std::string answer = said(of, head);
      if (of.takes > 0s) co_await there.clock.after(of.takes);
      co_await stream->write(Bytes::copy(answer));
      if (of.closes) co_return;
    }
  }
  std::string said(Origin& of, const http::RequestHead& head) {
    if (!of.raw.empty()) return of.raw;
    std::string etag = of.field("ETag");
    bool same =
        of.answers_conditions && !etag.empty() && head.headers.value("if-none-match") == etag;
    std::string text = (same ? "HTTP/1.1 304 Not Modified" : of.start) + "\r\n";
    for (auto& each : of.fields) text += each + "\r\n";
    if (of.dates) {
      text += "Date: ";
      append_http_date(text, there.clock.wall());
      text += "\r\n";
    }
    if (same) return text + "\r\n";
    text += "Content-Length: " + std::to_string(of.body.size()) + "\r\n\r\n";
    return head.method == "HEAD" ? text : text + of.body;
  }
  std::string date(Duration from_now) {
    std::string text;
    append_http_date(text, there.clock.wall() + from_now);
    return text;
  }
  void apply() {
    auto snapshot = std::make_shared<catalog::Snapshot>();
    snapshot->revision = ++revision;
    snapshot->services["users"] = std::make_shared<catalog::Service>(users);
    proxy->apply(snapshot);
    simulation.run_for(1ms);
  }
  void says(std::vector<std::string> fields) { origin.fields = std::move(fields); }
  ResponseCache& cache() { return proxy->pool_called("users")->cache(); }

  Deferred<Got> ask(Fields fields = {}, std::string target = "/a", std::string method = "GET",
                    std::string host = "users") {
    http::Request request;
    request.method = std::move(method);
    request.target = std::move(target);
    request.host = std::move(host);
    request.headers = std::move(fields);
    auto response = co_await client->send(users.vip, std::move(request));
    Got got;
    got.status = response.status();
    for (auto& each : response.headers()) {
      auto& field = got.fields[lower(each.name)];
      field += (field.empty() ? "" : ", ") + std::string(each.value);
    }
    got.body = co_await response.text();
    co_return got;
  }
  Got run(Deferred<Got> asked) {
    auto got = simulation.run(std::move(asked));
    return got.ok() ? *got : Got{0, got.error().text(), {}};
  }
  Got get(Fields fields = {}, std::string target = "/a", std::string method = "GET",
          std::string host = "users") {
    return run(ask(std::move(fields), std::move(target), std::move(method), std::move(host)));
  }
  /// True if the second of two requests did not reach the instance.
  bool kept(Fields fields = {}) {
    static int number = 0;
    std::string target = "/kept/" + std::to_string(++number);
    get(fields, target);
    std::size_t before = origin.asked.size();
    get(fields, target);
    return origin.asked.size() == before;
  }
  std::size_t asked() const {
    std::size_t count = 0;
    for (auto& each : origins) count += each->asked.size();
    return count;
  }
  void pass(Duration time) { simulation.run_for(time); }
};

}  // namespace berth::proxy
