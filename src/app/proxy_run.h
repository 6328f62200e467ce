#pragma once

#include <string>

#include "base/address.h"

namespace berth::app {

struct ProxyArguments {
  std::string file;  // proxy.toml: alone, without all of the below (app/proxy_alone.h)
  bool check = false;
  std::string take_over;  // alone: from the proxy with this control socket
  std::string state;      // the state folder that it shares with `berth dev` or the agent
  std::string host;       // this host's name in the catalog
  Address gateway;        // none: no gateway
  Address dns;            // none: no DNS
  bool port_80 = false;
  Address syslog;  // HAProxy's lines go there by UDP; none: nowhere
};

/// `berth proxy run`: VIPs, gateway and DNS of one host as a process of its own. It follows the
/// catalog at STATE/control.sock, begins with the snapshot it kept last, writes access records into
/// STATE/access.ring, and ends at TERM once what is in flight is answered. Returns the exit code.
int run_proxy(const ProxyArguments& arguments);

}  // namespace berth::app
