#include "app/time_zones.h"

#include "os/host.h"

namespace berth::app {

Result<observe::TimeZone> zone_called(const std::string& name) {
  if (name.starts_with('/') || name.find("..") != name.npos) {
    return Error(Code::invalid, "'" + name + "' is no time zone's name");
  }
  auto file = os::read_small_file("/usr/share/zoneinfo/" + name);
  if (!file.ok()) return Error(Code::not_found, "there is no time zone '" + name + "'");
  return observe::TimeZone::parse(*file);
}

}  // namespace berth::app
