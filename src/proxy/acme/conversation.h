#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/clock.h"
#include "http/session.h"
#include "proxy/acme/account_key.h"
#include "proxy/acme/documents.h"

namespace berth::proxy::acme {

/// Talks to one ACME directory as one account (RFC 8555 sections 6 and 7.3): signs each request,
/// has a fresh nonce for it, and sends it again where the directory took the nonce for a used one.
/// One request at a time. Lives as long as one order; `clock` and `key` outlive it. Errors say what
/// was asked and the detail of the directory's problem document: denied, overloaded (its rate
/// limit), invalid, unavailable, timed_out, those of the transport.
class Conversation {
 public:
  static constexpr std::size_t answer_bytes_max = 1 << 20;
  static constexpr int attempts_max = 4;  // of one request, where its nonce is refused
  static constexpr Duration answer_timeout = 30s;

  struct Answer {
    int status = 0;
    std::string location;
    std::string content;
    std::optional<Duration> retry_after;
  };

  Conversation(Clock& clock, http::Transport ask, const AccountKey& key, std::string directory);

  /// Reads the directory, and finds or makes the account of the key; its terms are agreed to.
  Deferred<void> begin(std::vector<std::string> contacts);
  const Directory& directory() const { return directory_; }
  const AccountKey& key() const { return key_; }
  /// An empty payload only reads (POST-as-GET). Any 2xx is an answer, all else an error.
  Deferred<Answer> post(std::string url, std::string payload, std::string accept = "");
  /// How long the directory, at its last refusal, said to wait before the next attempt.
  std::optional<Duration> told_to_wait() const { return told_to_wait_; }

 private:
  Deferred<Answer> send(std::string method, std::string url, std::string content,
                        std::string accept);
  Deferred<std::string> nonce();
  Result<http::Url> allowed(const std::string& url) const;
  std::optional<Duration> wait_of(std::string_view field) const;

  Clock& clock_;
  http::Transport ask_;
  const AccountKey& key_;
  std::string at_;
  Directory directory_;
  std::string account_;
  std::string nonce_;  // of the last answer; empty: none, or used
  std::optional<Duration> told_to_wait_;
};

}  // namespace berth::proxy::acme
