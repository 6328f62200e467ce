#include "observe/parse/redact.h"

#include <gtest/gtest.h>

namespace berth::observe {
namespace {

std::string redacted(std::string text, const Redaction& redaction = {}) {
  redact(text, redaction);
  return text;
}

TEST(Redact, cards_go_by_issuer_length_and_check_digit) {
  EXPECT_EQ(redacted("paid by 4111 1111 1111 1111, thanks"), "paid by [card], thanks");
  EXPECT_EQ(redacted("4111-1111-1111-1111 5555555555554444"), "[card] [card]");
  EXPECT_EQ(redacted("amex=378282246310005"), "amex=[card]");
  for (auto* kept : {"4111111111111112", "order 1700000000000", "x4111111111111111",
                     "41111111111111111111111", "2026-11-24 12:00:00.123456"}) {
    EXPECT_EQ(redacted(kept), kept);
  }
}

TEST(Redact, tokens_go_by_their_form_and_by_the_name_before_them) {
  EXPECT_EQ(redacted("Authorization: Bearer abc.def-123456"), "Authorization: Bearer [token]");
  EXPECT_EQ(redacted("authorization: Basic YW5uOnNlY3JldA=="), "authorization: Basic [token]");
  EXPECT_EQ(redacted("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ok"), "got [token] ok");
  EXPECT_EQ(redacted("key AKIAIOSFODNN7EXAMPLE!"), "key [token]!");
  EXPECT_EQ(redacted(R"({"user":"ann","password":"hun ter2"})"),
            R"({"user":"ann","password":"[token]"})");
  EXPECT_EQ(redacted("/login?access_token=abc&x=1 db_password=x y"),
            "/login?access_token=[token]&x=1 db_password=[token] y");
  for (auto* kept : {"token expired", "password: null", "the secret garden", "tokens=5"}) {
    EXPECT_EQ(redacted(kept), kept);
  }
}

TEST(Redact, mail_addresses_go) {
  EXPECT_EQ(redacted("to <ann.b+c@mail.example.com>, bo@x.de."), "to <[mail]>, [mail].");
  EXPECT_EQ(redacted("ssh ann@host @x.de a@ @"), "ssh ann@host @x.de a@ @");
}

TEST(Redact, each_kind_can_be_switched_off_and_nothing_goes_twice) {
  std::string line = "a@b.de 4111111111111111 token=x1";
  EXPECT_EQ(redacted(line, {false, true, true}), "[mail] 4111111111111111 token=[token]");
  EXPECT_EQ(redacted(line, {true, false, false}), "a@b.de [card] token=x1");
  std::string once = redacted(line);
  EXPECT_EQ(redacted(once), once);
}

TEST(Redact, fields_of_a_record_go_too_and_secrets_by_their_name) {
  Record record;
  record.line = "mail a@b.de";
  record.set("api_key", "anything");
  record.set("mails", Json::parse(R"(["a@b.de",7])").value());
  EXPECT_EQ(redact(record, {}), 3U);
  EXPECT_EQ(record.json().text(), R"({"api_key":"[token]","mails":["[mail]",7]})");
  EXPECT_EQ(record.line, "mail [mail]");
}

}  // namespace
}  // namespace berth::observe
