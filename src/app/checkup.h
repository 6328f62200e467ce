#pragma once

#include <cstdint>
#include <string>

#include "async/deferred.h"
#include "async/world.h"
#include "base/address.h"
#include "base/json.h"
#include "os/reactor_choice.h"

namespace berth::app {

/// What `berth doctor` finds, a sentence each, with what to do (docs/formats/api.md, doctor).
class Checkup {
 public:
  /// `level`: ok, warn or bad; `remedy` may be empty.
  void add(std::string name, std::string level, std::string text, std::string remedy);
  /// One that somebody else has made.
  void add(Json check) { checks_.add(std::move(check)); }
  /// {"checks": [...]}.
  Json json() const;
  const Json& checks() const { return checks_; }

 private:
  Json checks_ = Json::array();
};

void check_descriptors(Checkup& checkup);
/// Which reactor waits for the kernel, and why; a warning where it is not the one asked for.
void check_reactor(Checkup& checkup, const os::ReactorChoice& choice);
/// Room for the state folder.
Deferred<void> check_disk(Checkup& checkup, Disk& disk, std::string folder);
/// The proxy's process (0: none), how often it was started again, and records that the ring
/// dropped.
void check_proxy(Checkup& checkup, std::int64_t pid, std::uint64_t restarts, std::uint64_t dropped);
/// Asks the DNS server at `address`.
Deferred<void> check_dns(Checkup& checkup, World& world, Address address);

}  // namespace berth::app
