#include "observe/outputs/mail_output.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "async/clock.h"
#include "base/base64.h"
#include "observe/outputs/event_words.h"
#include "tls/endpoint.h"
#include "tls/handshake.h"

namespace berth::observe {
namespace {

constexpr std::string_view days_of_week[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// RFC 5322 section 3.3.
std::string mail_date(WallTime time) {
  using namespace std::chrono;
  sys_seconds at{seconds(time.nanoseconds / 1'000'000'000)};
  sys_days day = floor<days>(at);
  year_month_day date(day);
  hh_mm_ss clock(at - day);
  return fmt::format("{}, {} {} {} {:02}:{:02}:{:02} +0000",
                     days_of_week[weekday(day).c_encoding()], unsigned(date.day()),
                     months[unsigned(date.month()) - 1], int(date.year()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

/// A header's value: as it is where it is ASCII, else in words of RFC 2047, each of whole
/// characters and at most 75 bytes.
std::string header_text(std::string_view text) {
  std::string plain = one_line(text, 200);
  if (std::ranges::all_of(plain, [](char c) { return c >= 0; })) return plain;
  std::string out, word;
  auto flush = [&] {
    if (word.empty()) return;
    if (!out.empty()) out += "\n ";
    out += "=?utf-8?B?" + base64_encode(word) + "?=";
    word.clear();
  };
  for (char c : plain) {
    bool begins_character = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins_character && word.size() >= 42) flush();
    word += c;
  }
  flush();
  return out;
}

std::string wrapped_base64(std::string_view text) {
  std::string all = base64_encode(text), out;
  for (std::size_t at = 0; at < all.size(); at += 76) out += all.substr(at, 76) + "\n";
  return out;
}

bool on_loopback(const Endpoint& place) {
  if (place.address.family() == Address::Family::unix_path) return true;
  return place.address.family() == Address::Family::ipv4 && place.address.ipv4_value() >> 24 == 127;
}

}  // namespace

std::string mail_text(std::span<const Event> events, const MailOptions& options, WallTime now,
                      std::string_view key) {
  std::string subject = headline_of(events.front());
  if (events.size() > 1) subject += fmt::format(" and {} more", events.size() - 1);
  std::string receivers;
  for (auto& each : options.to) receivers += (receivers.empty() ? "" : ",\n ") + one_line(each);
  std::string body;
  for (auto& event : events) body += headline_of(event) + "\n" + details_of(event) + "\n";
  return fmt::format(
      "From: {}\nTo: {}\nSubject: {}\nDate: {}\nMessage-ID: <{}@{}>\nAuto-Submitted: "
      "auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: base64\n\n{}",
      one_line(options.from), receivers, header_text(subject), mail_date(now), key, options.host,
      wrapped_base64(body));
}

/// One connection, from its greeting to QUIT. What a server does not take ends it with an Attempt.
class MailOutput::Conversation {
 public:
  Conversation(MailOutput& owner, std::unique_ptr<ByteStream> stream)
      : owner_(owner), stream_(std::move(stream)) {}

  Deferred<Attempt> hold(std::string mail, std::size_t count) {
    auto& options = owner_.options_;
    SmtpReply greeting = co_await reply();
    if (!greeting.good()) co_return judged(greeting, count);
    SmtpReply hello = co_await ask("EHLO " + options.host);
    if (!hello.good()) co_return judged(hello, count);
    if (!options.place.secured && options.start_tls != MailOptions::StartTls::never) {
      bool offered = hello.has("STARTTLS");
      if (!offered && options.start_tls == MailOptions::StartTls::always) {
        co_return Attempt::again(count, "the mail server does not offer STARTTLS");
      }
      if (offered) {
        SmtpReply begun = co_await ask("STARTTLS");
        if (!begun.good()) co_return judged(begun, count);
        co_await begin_tls();
        hello = co_await ask("EHLO " + options.host);
        if (!hello.good()) co_return judged(hello, count);
      }
    }
    if (!options.user.empty()) {
      if (!secured_ && !on_loopback(options.place)) {
        co_return Attempt::again(count, "the password is not told: the connection is in clear");
      }
      std::string secret = base64_encode('\0' + options.user + '\0' + options.password);
      SmtpReply known = co_await ask("AUTH PLAIN " + secret);
      // A wrong password is no fault of the mail: it waits until it is set right.
      if (!known.good()) co_return Attempt::again(count, "AUTH: " + known.text());
    }
    co_return co_await give(std::move(mail), count);
  }

 private:
  static Attempt judged(const SmtpReply& reply, std::size_t count) {
    return reply.transient() ? Attempt::again(count, reply.text())
                             : Attempt::refused(count, reply.text());
  }

  Deferred<Attempt> give(std::string mail, std::size_t count) {
    auto& options = owner_.options_;
    SmtpReply sender = co_await ask("MAIL FROM:<" + options.from + ">");
    if (!sender.good()) co_return judged(sender, count);
    std::size_t accepted = 0;
    SmtpReply refusal;
    for (auto& receiver : options.to) {
      SmtpReply taken = co_await ask("RCPT TO:<" + receiver + ">");
      if (taken.transient()) co_return judged(taken, count);
      if (taken.good()) {
        ++accepted;
      } else {
        refusal = std::move(taken);
      }
    }
    if (accepted == 0) co_return judged(refusal, count);
    SmtpReply data = co_await ask("DATA");
    if (data.code != 354) co_return judged(data, count);
    std::string content = dot_stuffed(mail);
    co_await stream_->write(Bytes::copy(content));
    SmtpReply taken = co_await reply();
    if (!taken.good()) co_return judged(taken, count);
    // The mail is the server's; how the connection ends is of no account (section 4.1.1.10).
    (void)co_await ask("QUIT").result();
    co_return Attempt::taken(count);
  }

  Deferred<void> begin_tls() {
    if (!held_.empty()) {
      co_await fail_with(Error(Code::invalid, "the mail server said something before TLS began"));
    }
    auto below = std::move(stream_);
    stream_ = co_await tls::connect(owner_.context_, owner_.world_.clock, std::move(below),
                                    owner_.options_.place.host);
    secured_ = true;
  }

  Deferred<SmtpReply> ask(std::string line) {
    line += "\r\n";
    co_await stream_->write(Bytes::copy(line));
    co_return co_await reply();
  }

  Deferred<SmtpReply> reply() {
    for (;;) {
      std::string_view text = held_;
      auto taken = co_await or_return(take_smtp_reply(text));
      if (taken) {
        held_.erase(0, held_.size() - text.size());
        co_return std::move(*taken);
      }
      Bytes bytes = co_await stream_->read();
      if (bytes.empty()) co_return Error(Code::reset, "the mail server ended the connection");
      held_ += bytes.view();
    }
  }

  MailOutput& owner_;
  std::unique_ptr<ByteStream> stream_;
  std::string held_;
  bool secured_ = owner_.options_.place.secured;
};

Deferred<Attempt> MailOutput::send(std::span<const Event> events, std::string key) {
  std::string mail = mail_text(events, options_, world_.clock.wall(), key);
  std::size_t count = events.size();
  auto stream = co_await tls::connect(world_, context_, options_.place);
  Conversation conversation(*this, std::move(stream));
  co_return co_await conversation.hold(std::move(mail), count);
}

}  // namespace berth::observe
