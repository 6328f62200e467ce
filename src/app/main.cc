#include <cstring>

#include "app/proxy_run.h"
#include "os/shim.h"

int main(int count, char** words) {
  if (count >= 3 && std::strcmp(words[1], "shim") == 0) return berth::os::run_shim(words[2]);
  berth::app::ProxyArguments arguments;
  for (int i = 3; i + 1 < count; i += 2) {
    std::string_view flag = words[i];
    if (flag == "--state") arguments.state = words[i + 1];
    if (flag == "--host") arguments.host = words[i + 1];
    if (flag == "--syslog") arguments.syslog = berth::Address::parse(words[i + 1]).value();
    if (flag == "--gateway") arguments.gateway = berth::Address::parse(words[i + 1]).value();
    if (flag == "--dns") arguments.dns = berth::Address::parse(words[i + 1]).value();
  }
  return berth::app::run_proxy(arguments);
}
