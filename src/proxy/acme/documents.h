#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

// What an ACME directory answers (RFC 8555 section 7.1), read strictly: what is missing or of
// another type than it should be is invalid. Members that are not known are left alone.

namespace berth::proxy::acme {

struct Directory {
  std::string new_nonce;
  std::string new_account;
  std::string new_order;
  bool external_account_needed = false;
};

/// RFC 9457 with the types of RFC 8555 section 6.7.
struct Problem {
  std::string type;  // without "urn:ietf:params:acme:error:", where it begins so
  std::string detail;
  std::string text() const;  // "DETAIL (TYPE)", with what is told of single names
};

enum class Status : std::uint8_t {
  pending,
  processing,
  ready,
  valid,
  invalid,
  over,  // deactivated, expired, revoked
};

struct Order {
  static constexpr std::size_t authorizations_max = 100;

  Status status = Status::pending;
  std::vector<std::string> authorizations;
  std::string finalize;
  std::string certificate;  // once it is valid
  std::optional<Problem> problem;
};

struct Authorization {
  Status status = Status::pending;
  std::string name;
  /// The http-01 challenge (section 8.3); empty: none is offered.
  std::string challenge_url;
  std::string token;
  Status challenge = Status::pending;
  std::optional<Problem> problem;
};

Result<Directory> read_directory(std::string_view text);
Result<Order> read_order(std::string_view text);
/// A token has the characters of base64url alone, 512 at most: it becomes a path.
Result<Authorization> read_authorization(std::string_view text);
/// Of anything: what is no problem document is told as it begins.
Problem read_problem(std::string_view text);

/// What the store keeps of one certificate beside it.
struct Ledger {
  static constexpr std::size_t orders_kept_max = 1000;

  std::vector<WallTime> orders;  // when they were begun, of the last hour
  std::uint32_t failures = 0;    // in a row
  WallTime next{};               // nothing is tried before
  std::string issued_by;         // the directory that gave the present certificate

  std::string text() const;
};
/// Errors: invalid; unsupported of another version.
Result<Ledger> read_ledger(std::string_view text);

}  // namespace berth::proxy::acme
