#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/world.h"
#include "http/client.h"
#include "http/url.h"
#include "observe/outputs/output.h"
#include "tls/context.h"

namespace berth::observe {

/// Where an output posts to, and what each request has beside its content.
struct HttpPlace {
  http::Url url;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// One other program that takes events by POST. What its answer means is the same for all of them
/// (RFC 9110 section 15, RFC 6585, prometheus.io/docs/concepts/remote_write_spec): 2xx taken; 408,
/// 425, 429, 5xx and no answer again, after what Retry-After says; everything else refused, with
/// the begin of the answer as its reason. Redirects are not followed. Belongs to one reactor.
class HttpPeer {
 public:
  static constexpr std::size_t reason_bytes_max = 300;

  HttpPeer(World& world, tls::ClientContext context, HttpPlace place);

  /// To the place's URL, or to `path` below it. `count` is how many events it is about.
  Deferred<Attempt> post(std::string body, std::string_view type, std::size_t count,
                         std::string path = "",
                         std::vector<std::pair<std::string, std::string>> headers = {});

 private:
  World& world_;
  HttpPlace place_;
  http::Client client_;
};

/// What Retry-After (RFC 9110 section 10.2.3) asks for: seconds or a date; at most an hour, zero
/// where it says nothing that can be read.
Duration retry_after(std::string_view value, WallTime now);

}  // namespace berth::observe
