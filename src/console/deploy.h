#pragma once

#include <memory>
#include <string>

#include "console/deploy_progress.h"
#include "console/sources.h"
#include "http/server.h"

namespace berth::console {

inline constexpr std::size_t deploy_bytes_max = 4 << 20;  // of the files' texts, as sent

/// POST /v1/plan and POST /v1/deploy (docs/formats/api.md). Files that are wrong are answered 422
/// with every problem, before anything is done. A deploy is durable before its answer begins; the
/// answer then tells its progress until it ends. Who goes away early stops nothing. Belongs to one
/// reactor, outlives its requests.
class Deploys {
 public:
  Deploys(const Sources& sources, const ApiOptions& options)
      : sources_(sources), options_(options) {}

  Deferred<http::ServerResponse> plan(http::ServerRequest& request);
  Deferred<http::ServerResponse> deploy(http::ServerRequest& request);
  /// Deploys whose progress is being told.
  std::size_t watched() const { return *watched_; }

 private:
  struct Asked;
  /// What is asked for, or the answer that says why not.
  Deferred<Asked> read(http::ServerRequest& request) const;

  const Sources& sources_;
  const ApiOptions& options_;
  std::shared_ptr<std::size_t> watched_ = std::make_shared<std::size_t>(0);
};

}  // namespace berth::console
