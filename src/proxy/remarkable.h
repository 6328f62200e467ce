#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/time.h"
#include "http/access_record.h"
#include "http/message.h"

namespace berth::proxy {

/// The requests of each minute that somebody will ask about: those that took longest, and those
/// that failed, with their timers and fields. What is secret is left out before it is kept. A
/// minute's memory is used again by a later one, so that nothing is allocated in the long run.
/// Belongs to one Proxy; one reactor.
class Remarkable {
 public:
  static constexpr std::size_t minutes_max = 15;  // the oldest goes
  static constexpr std::size_t slowest_max = 10;  // of a minute; a faster one goes
  static constexpr std::size_t failed_max = 20;   // of a minute; beyond, they are counted alone
  static constexpr std::size_t fields_bytes_max = 4096;  // of a request and its answer; then cut
  static constexpr std::size_t target_bytes_max = 1024;

  struct Request {
    std::int64_t accepted = 0;  // as in the access record
    std::int64_t request = -1, waiting = -1, connecting = -1, response = -1, total = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint16_t status = 0;
    std::uint32_t retries = 0;
    std::array<char, 4> termination{'-', '-', '-', '-'};
    std::string client, frontend, backend, server, caller, method, target;
    std::string asked;     // fields, each with its line end
    std::string answered;  // the same of the instance's answer
  };
  struct Minute {
    std::int64_t begins = 0;  // wall time, ns; 0: unused
    std::uint64_t requests = 0;
    std::uint64_t failures = 0;
    std::vector<Request> slowest;  // in no order
    std::vector<Request> failed;   // as they came
    std::size_t slowest_count = 0;
    std::size_t failed_count = 0;
    std::int64_t least = 0;  // the fastest of slowest
  };

  /// `secret` is true for names of fields and parameters besides those that are known as such.
  void note(const http::AccessRecord& record, const Address& client, const http::Headers& asked,
            const http::Headers& answered, const std::function<bool(std::string_view)>& secret);
  /// Newest first.
  std::vector<const Minute*> minutes() const;

  /// A failure of the service or of the proxy, or one that was broken off.
  static bool is_failure(const http::AccessRecord& record);
  /// By its name a field or parameter holds what nobody else may know.
  static bool is_secret(std::string_view name);

 private:
  Minute& minute_of(std::int64_t ended);
  static Request& place_among_slowest(Minute& minute);

  std::array<Minute, minutes_max> minutes_;
  std::size_t now_ = 0;
};

}  // namespace berth::proxy
