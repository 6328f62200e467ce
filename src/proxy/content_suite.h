#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/disk.h"
#include "base/strings.h"
#include "http/client.h"
#include "http/content_decoder.h"
#include "http/server.h"
#include "proxy/alone.h"
#include "sim/simulation.h"

namespace berth::proxy {

using testing::HasSubstr;
using testing::StartsWith;
using Fields = std::vector<std::pair<std::string, std::string>>;

/// A client, a proxy alone and one instance, each a host, in simulated time: what becomes of
/// content.
struct ContentTest : ::testing::Test {
  struct Got {
    int status = 0;
    std::string text;  // as it came
    std::map<std::string, std::string> fields;

    std::string operator[](const std::string& name) const {
      auto found = fields.find(name);
      return found == fields.end() ? "none" : found->second;
    }
    std::string decoded() const {
      auto decoder = http::ContentDecoder::make((*this)["content-encoding"]);
      if (!decoder) return text;
      decoder->feed(Bytes::copy(text));
      std::string out;
      for (;;) {
        Bytes part = decoder->next().value();
        if (part.empty()) break;
        out += part.view();
      }
      EXPECT_TRUE(decoder->end().ok());
      return out;
    }
  };

  sim::Simulation simulation{12};
  sim::Host& outside = simulation.add_host("outside");
  sim::Host& middle = simulation.add_host("middle");
  sim::Host& inside = simulation.add_host("inside");
  std::string text;
  http::Handler answer;
  http::Server server{inside.clock, [this](http::ServerRequest& request) {
                        seen = request.head.headers.value("accept-encoding");
                        return answer(request);
                      }};
  std::string seen;
  http::Client client{outside.clock, outside.network};
  Alone alone{middle.world(), Log()};

  ContentTest() {
    for (int i = 0; i < 2000; ++i) text += "number " + std::to_string(i) + ", ";
    server.serve(inside.network.listen(inside.address(9001)).value());
    says("text/html");
  }
  void says(const std::string& type, http::ResponseHeaders more = {}, int status = 200) {
    auto shared = std::make_shared<http::ResponseHeaders>(std::move(more));
    answer = [this, type, shared, status](http::ServerRequest&) {
      http::ServerResponse response;
      response.status = status;
      response.headers = {{"etag", "\"1\""}, {"accept-ranges", "bytes"}};
      if (!type.empty()) response.headers.emplace_back("content-type", type);
      for (auto& [name, value] : *shared) {
        response.headers.emplace_back(name.view(), value.view());
      }
      if (http::may_have_content(status)) response.body = http::Body(text);
      return ready(std::move(response));
    };
  }
  void apply(const std::string& route, const std::string& more = "") {
    auto file =
        gateway::read_proxy_file(more +
                                     "[listener.web]\nlisten = \"tcp:10.0.0.2:80\"\n"
                                     "[service.a]\ninstances = [\"10.0.0.3:9001\"]\n[route.one]\n" +
                                     route,
                                 "proxy.toml", "/etc", [](const std::string& path) {
                                   return Result<std::string>(Error(Code::not_found, "no " + path));
                                 });
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE(alone.apply(std::move(*file)).ok());
  }
  void apply_secured(const std::string& route, const std::string& chain, const std::string& key) {
    auto file = gateway::read_proxy_file(
        "[listener.tls]\nlisten = \"tls:10.0.0.2:443\"\n"
        "certificates = [{ chain = \"c.pem\", key = \"c.key\" }]\n"
        "[service.a]\ninstances = [\"10.0.0.3:9001\"]\n[route.one]\n" +
            route,
        "proxy.toml", "/etc", [&](const std::string& path) {
          return Result<std::string>(path == "/etc/c.pem" ? chain : key);
        });
    ASSERT_TRUE(file.ok()) << file.error().text();
    ASSERT_TRUE(alone.apply(std::move(*file)).ok());
  }
  Result<http::Response> send(const std::string& target, Fields fields = {},
                              const std::string& method = "GET") {
    http::Request request;
    request.method = method;
    request.target = target;
    request.headers = std::move(fields);
    return simulation.run(client.send(middle.address(80), std::move(request)));
  }
  Got ask(const std::string& target, Fields fields = {}, const std::string& method = "GET") {
    auto response = send(target, std::move(fields), method);
    if (!response.ok()) return {0, response.error().text(), {}};
    Got got{response->status(), "", {}};
    for (auto& [name, value] : response->headers()) {
      auto& all = got.fields[lower(name)];
      all += (all.empty() ? "" : ", ") + std::string(value);
    }
    got.text = simulation.run(response->text()).value_or("broken off");
    return got;
  }
  Got coded(const std::string& coding, Fields fields = {}) {
    fields.emplace_back("accept-encoding", coding);
    return ask("/", std::move(fields));
  }
  void put(const std::string& path, const std::string& content) {
    simulation.run(middle.disk.replace_file(path, content)).value();
  }
  std::string raw(const std::string& request) {
    auto stream = simulation.run(outside.network.connect(middle.address(80))).value();
    simulation.run(stream->write(Bytes::copy(request))).value();
    std::string all;
    for (;;) {
      auto part = simulation.run(stream->read(), 1min);
      if (!part.ok() || part->empty()) return all;
      all += part->view();
    }
  }
};

inline const std::string compressed = "service = \"a\"\ncompress = true\n";

}  // namespace berth::proxy
