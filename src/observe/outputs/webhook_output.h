#pragma once

#include "observe/outputs/http_peer.h"

namespace berth::observe {

/// Posts events as JSON: {"events": [...]}, each as Riemann writes them to WebSockets. Its
/// Idempotency-Key is the same whenever the same events are sent again.
class WebhookOutput final : public Output {
 public:
  WebhookOutput(World& world, tls::ClientContext context, HttpPlace place)
      : peer_(world, std::move(context), std::move(place)) {}

  std::size_t batch_max() const override { return 500; }
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  HttpPeer peer_;
};

/// Posts to an incoming webhook of a chat, in the form of Slack's, which Mattermost, Rocket.Chat
/// and Discord's /slack read too: a text, and an attachment an event with its colour, headline,
/// description and attributes.
class ChatOutput final : public Output {
 public:
  ChatOutput(World& world, tls::ClientContext context, HttpPlace place)
      : peer_(world, std::move(context), std::move(place)) {}

  std::size_t batch_max() const override { return 20; }  // attachments that are still read
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  HttpPeer peer_;
};

std::string chat_message(std::span<const Event> events);

}  // namespace berth::observe
