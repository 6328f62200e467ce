#pragma once

#include <memory>
#include <string>
#include <vector>

#include "async/network.h"
#include "async/world.h"
#include "base/endpoint.h"
#include "observe/outputs/output.h"
#include "observe/outputs/smtp_reply.h"
#include "tls/context.h"

namespace berth::observe {

struct MailOptions {
  /// When TLS is begun on a connection that began without it (RFC 3207).
  enum class StartTls : std::uint8_t { if_offered, always, never };

  Endpoint place;  // "tcp:mail:25", "tls:mail:465"
  std::string from;
  std::vector<std::string> to;
  std::string user;  // empty: none is told
  std::string password;
  StartTls start_tls = StartTls::if_offered;
  std::string host = "localhost";  // that we say we are
};

/// Sends a mail a batch of events over SMTP (RFC 5321): EHLO, STARTTLS, AUTH PLAIN (RFC 4954) only
/// where the connection is encrypted or on loopback, one mail, QUIT. 4xx is tried again, 5xx
/// refused; recipients of which some are refused get none of it later, and are named in the log.
/// Its Message-ID is the same whenever the same events are sent again.
class MailOutput final : public Output {
 public:
  MailOutput(World& world, tls::ClientContext context, MailOptions options)
      : world_(world), context_(std::move(context)), options_(std::move(options)) {}

  std::size_t batch_max() const override { return 100; }
  Deferred<Attempt> send(std::span<const Event> events, std::string key) override;

 private:
  class Conversation;

  World& world_;
  tls::ClientContext context_;
  const MailOptions options_;
};

/// The mail with its header (RFC 5322), lines ended by LF.
std::string mail_text(std::span<const Event> events, const MailOptions& options, WallTime now,
                      std::string_view key);

}  // namespace berth::observe
