#pragma once

#include <gtest/gtest.h>
#include <snappy.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "async/serve.h"
#include "base/base64.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/server.h"
#include "observe/streams/riemann_server.h"
#include "observe/streams/streams.h"
#include "observe/streams/wire.h"
#include "sim/simulation.h"

namespace berth::observe {

/// A connection that breaks once so many bytes have gone over it, both ways together.
class CutStream final : public ByteStream {
 public:
  CutStream(std::unique_ptr<ByteStream> below, std::size_t left)
      : below_(std::move(below)), left_(left) {}
  Deferred<Bytes> read(std::size_t bytes_max) override {
    if (left_ == 0) co_return cut();
    Bytes out = co_await below_->read(std::min(bytes_max, left_));
    left_ -= out.size();
    co_return out;
  }
  Deferred<void> write(BytesList bytes) override {
    std::string all;
    for (auto& piece : bytes) all += piece.view();
    std::string sent = all.substr(0, left_);
    if (!sent.empty()) co_await below_->write(Bytes::copy(sent));
    left_ -= sent.size();
    if (sent.size() < all.size()) co_await fail_with(cut());
  }
  Deferred<void> shutdown_write() override { return below_->shutdown_write(); }
  void close() override { below_->close(); }
  void abort() override { below_->abort(); }
  Address local_address() const override { return below_->local_address(); }
  Address peer_address() const override { return below_->peer_address(); }
  bool broken() const override { return below_->broken(); }

 private:
  Error cut() {
    below_->abort();
    return Error(Code::reset, "cut");
  }
  std::unique_ptr<ByteStream> below_;
  std::size_t left_;
};

/// Its first connection is cut after so many bytes.
class CuttingListener final : public Listener {
 public:
  CuttingListener(std::unique_ptr<Listener> below, std::optional<std::size_t> cut_after)
      : below_(std::move(below)), cut_after_(cut_after) {}
  Deferred<std::unique_ptr<ByteStream>> accept() override {
    auto stream = co_await below_->accept();
    if (!cut_after_) co_return stream;
    std::size_t bytes = *cut_after_;
    cut_after_.reset();
    co_return std::make_unique<CutStream>(std::move(stream), bytes);
  }
  Address address() const override { return below_->address(); }
  void close() override { below_->close(); }

 private:
  std::unique_ptr<Listener> below_;
  std::optional<std::size_t> cut_after_;
};

/// The other program of an output, on a simulated host. What it got is told as "SERVICE METRIC".
class Peer {
 public:
  virtual ~Peer() = default;
  virtual void serve(std::unique_ptr<Listener> listener) = 0;
  /// The keys of [[output]] beside name and the queue's; "10.0.0.2:80" is where it listens.
  virtual std::string toml() const = 0;

  std::vector<std::string> received;
  std::deque<std::pair<int, std::string>> answers;  // of HTTP: status and Retry-After, then 200
  std::string poison;                               // of HTTP: what a body may not hold
  std::set<std::string> keys;                       // of what was taken
  int requests = 0;
};

class HttpPeerServer : public Peer {
 public:
  explicit HttpPeerServer(sim::Host& host)
      : server_(host.clock, [this](http::ServerRequest& request) { return answer(request); }) {}
  void serve(std::unique_ptr<Listener> listener) override { server_.serve(std::move(listener)); }

 protected:
  virtual std::vector<std::string> read(const http::RequestHead& head, std::string body) = 0;

 private:
  Deferred<http::ServerResponse> answer(http::ServerRequest& request) {
    std::string body = co_await request.body();
    ++requests;
    if (!answers.empty()) {
      auto [status, wait] = answers.front();
      answers.pop_front();
      http::ServerResponse out = http::ServerResponse::text("not now", status);
      if (!wait.empty()) out.headers.emplace_back("retry-after", wait);
      co_return out;
    }
    std::string key(request.head.headers.value("idempotency-key"));
    auto events = read(request.head, std::move(body));
    for (auto& event : events) {
      if (!poison.empty() && event.starts_with(poison)) {
        co_return http::ServerResponse::text("no " + poison, 400);
      }
    }
    if (key.empty() || keys.insert(key).second) {
      received.insert(received.end(), events.begin(), events.end());
    }
    co_return http::ServerResponse::text("ok");
  }
  http::Server server_;
};

inline std::string number_word(double value) { return std::to_string(std::int64_t(value)); }

class LibratoPeer final : public HttpPeerServer {
 public:
  using HttpPeerServer::HttpPeerServer;
  std::string toml() const override {
    return "type = \"librato\"\nurl = \"http://10.0.0.2:80\"\nemail = \"me@x\"\ntoken = \"t\"\n";
  }
  std::vector<std::string> read(const http::RequestHead& head, std::string body) override {
    EXPECT_EQ(head.headers.value("authorization"), "Basic bWVAeDp0");
    Json json = Json::parse(body).value();
    std::vector<std::string> out;
    if (head.target != "/v1/metrics") {
      if (annotations.empty()) taken_before_annotation = received.size();
      annotations.push_back(std::string(head.target) + " " + body);
      return out;
    }
    EXPECT_LE(json["gauges"].items().size() + json["counters"].items().size(), 300u);
    for (auto* kind : {"gauges", "counters"}) {
      for (auto& each : json[kind].items()) {
        double value = each["value"].number() ? *each["value"].number() : *each["sum"].number();
        out.push_back(*each["name"].string() + " " + number_word(value));
      }
    }
    bodies.push_back(std::move(body));
    return out;
  }
  std::vector<std::string> annotations;
  std::size_t taken_before_annotation = 0;  // measurements, before the first
  std::vector<std::string> bodies;
};

class WebhookPeer final : public HttpPeerServer {
 public:
  using HttpPeerServer::HttpPeerServer;
  std::string toml() const override {
    return "type = \"webhook\"\nurl = \"http://10.0.0.2:80/hook\"\n";
  }
  std::vector<std::string> read(const http::RequestHead& head, std::string body) override {
    EXPECT_FALSE(head.headers.value("idempotency-key").empty());
    Json json = Json::parse(body).value();
    std::vector<std::string> out;
    for (auto& each : json["events"].items()) {
      out.push_back(*each["service"].string() + " " + number_word(*each["metric"].number()));
    }
    return out;
  }
};

class ChatPeer final : public HttpPeerServer {
 public:
  using HttpPeerServer::HttpPeerServer;
  std::string toml() const override {
    return "type = \"chat\"\nurl = \"http://10.0.0.2:80/services/T/B/X\"\n";
  }
  std::vector<std::string> read(const http::RequestHead&, std::string body) override {
    Json json = Json::parse(body).value();
    std::vector<std::string> out;
    for (auto& each : json["attachments"].items()) {
      std::string title = *each["title"].string();  // "s1 on h is 1"
      out.push_back(title.substr(0, title.find(' ')) + title.substr(title.rfind(' ')));
    }
    return out;
  }
};

class RemoteWritePeer final : public HttpPeerServer {
 public:
  using HttpPeerServer::HttpPeerServer;
  std::string toml() const override {
    return "type = \"prometheus\"\nurl = \"http://10.0.0.2:80/api/v1/write\"\n";
  }
  std::vector<std::string> read(const http::RequestHead& head, std::string body) override {
    using streams::WireReader;
    EXPECT_EQ(head.headers.value("x-prometheus-remote-write-version"), "0.1.0");
    std::string text;
    EXPECT_TRUE(snappy::Uncompress(body.data(), body.size(), &text));
    std::map<std::int64_t, std::vector<std::string>> by_time;
    WireReader request(text);
    while (request.next()) {
      WireReader series(request.bytes());
      std::string name, before;
      while (series.next()) {
        bool label = series.is(1, WireReader::Type::bytes);
        WireReader each(series.bytes());
        std::string key, value;
        double number = 0;
        std::int64_t time = 0;
        while (each.next()) {
          if (label) (each.field() == 1 ? key : value) = each.bytes();
          if (!label && each.field() == 1) number = each.real();
          if (!label && each.field() == 2) time = static_cast<std::int64_t>(each.varint());
        }
        if (label) EXPECT_LT(before, key);
        before = key;
        if (key == "__name__") name = value;
        if (!label) by_time[time].push_back(name + " " + number_word(number));
      }
    }
    EXPECT_TRUE(request.good());
    std::vector<std::string> out;
    for (auto& [time, events] : by_time) out.insert(out.end(), events.begin(), events.end());
    return out;
  }
};

/// Reads each connection to its end, and then what was whole of it.
class LinesPeer : public Peer {
 public:
  void serve(std::unique_ptr<Listener> listener) override {
    listener_ = std::move(listener);
    serving_ = berth::serve(*listener_, [this](std::unique_ptr<ByteStream> stream) {
      return converse(std::move(stream));
    });
  }

 protected:
  virtual void read(std::string_view text) = 0;

 private:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream) {
    std::string text;
    for (;;) {
      auto bytes = co_await stream->read().result();
      if (!bytes.ok() || bytes->empty()) break;
      text += bytes->view();
    }
    ++requests;
    read(text);
  }
  std::unique_ptr<Listener> listener_;
  Deferred<void> serving_;
};

class GraphitePeer final : public LinesPeer {
 public:
  std::string toml() const override {
    return "type = \"graphite\"\nto = \"tcp:10.0.0.2:80\"\nprefix = \"shop\"\n";
  }
  void read(std::string_view text) override {
    while (auto line = split_once(text, '\n')) {
      auto words = split(line->first, ' ');
      ASSERT_EQ(words.size(), 3u) << line->first;
      EXPECT_TRUE(words[0].starts_with("shop.h.")) << words[0];
      received.push_back(std::string(words[0].substr(7)) + " " + std::string(words[1]));
      text = line->second;
    }
  }
};

class SyslogPeer final : public LinesPeer {
 public:
  std::string toml() const override { return "type = \"syslog\"\nto = \"tcp:10.0.0.2:80\"\n"; }
  void read(std::string_view text) override {
    while (auto head = split_once(text, ' ')) {
      std::size_t size = parse_integer<std::size_t>(head->first).value();
      if (head->second.size() < size) break;
      std::string_view message = head->second.substr(0, size);
      auto service = message.find("service=\""), metric = message.find("metric=\"");
      ASSERT_NE(metric, message.npos) << message;
      std::string_view name = message.substr(service + 9), number = message.substr(metric + 8);
      received.push_back(std::string(name.substr(0, name.find('"'))) + " " +
                         std::string(number.substr(0, number.find('"'))));
      text = head->second.substr(size);
    }
  }
};

class RiemannPeer final : public Peer {
 public:
  explicit RiemannPeer(sim::Host& host) : core_(host.clock, Log()), server_(core_, Log()) {
    EXPECT_TRUE(core_
                    .add(streams::call("note",
                                       [this](const Event& event) {
                                         received.push_back(event.service + " " +
                                                            number_word(event.metric.value_or(-1)));
                                       }))
                    .ok());
  }
  void serve(std::unique_ptr<Listener> listener) override { server_.serve(std::move(listener)); }
  std::string toml() const override { return "type = \"riemann\"\nto = \"tcp:10.0.0.2:80\"\n"; }

 private:
  streams::StreamCore core_;
  streams::RiemannServer server_;
};

/// A mail server that takes everything, and knows mails by their Message-ID.
class MailPeer final : public LinesPeer {
 public:
  std::string toml() const override {
    return "type = \"mail\"\nto = \"tcp:10.0.0.2:80\"\nfrom = \"berth@x.example\"\n"
           "recipients = [\"ops@x.example\", \"gone@x.example\"]\n";
  }
  void serve(std::unique_ptr<Listener> listener) override {
    listener_ = std::move(listener);
    serving_ = berth::serve(*listener_, [this](std::unique_ptr<ByteStream> stream) {
      return converse(std::move(stream));
    });
  }
  void read(std::string_view mail) override {
    std::size_t body = mail.find("\r\n\r\n"), id = mail.find("Message-ID: ");
    ASSERT_NE(body, mail.npos);
    mails.emplace_back(mail);
    if (!keys.insert(std::string(mail.substr(id, mail.find('\r', id) - id))).second) return;
    std::string packed;
    for (char c : mail.substr(body)) {
      if (c != '\r' && c != '\n') packed += c;
    }
    for (auto line : split(base64_decode(packed).value(), '\n')) {
      if (!line.contains(" is ")) continue;
      received.push_back(std::string(line.substr(0, line.find(' '))) +
                         std::string(line.substr(line.rfind(' '))));
    }
  }
  std::vector<std::string> mails;

 private:
  Deferred<void> converse(std::unique_ptr<ByteStream> stream) {
    co_await stream->write(Bytes::literal("220 mail.example ESMTP\r\n"));
    std::string held, mail;
    bool data = false;
    for (;;) {
      auto line = split_once(held, '\n');
      if (!line) {
        Bytes bytes = co_await stream->read();
        if (bytes.empty()) co_return;
        held += bytes.view();
        continue;
      }
      std::string said(line->first);
      held = std::string(line->second);
      std::string reply = "250 fine\r\n";
      if (data) {
        if (said != ".\r") {
          mail += said.starts_with("..") ? said.substr(1) + "\n" : said + "\n";
          continue;
        }
        read(mail);
        data = false;
        mail.clear();
      } else if (said.starts_with("EHLO")) {
        reply = "250-mail.example\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n";
      } else if (said.starts_with("RCPT TO:<gone")) {
        reply = "550 5.1.1 no such user\r\n";
      } else if (said.starts_with("DATA")) {
        reply = "354 go on\r\n";
        data = true;
      } else if (said.starts_with("QUIT")) {
        reply = "221 bye\r\n";
      }
      co_await stream->write(Bytes::copy(reply));
    }
  }
  std::unique_ptr<Listener> listener_;
  Deferred<void> serving_;
};

}  // namespace berth::observe
