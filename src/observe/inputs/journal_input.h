#pragma once

#include "observe/inputs/http_input.h"
#include "observe/inputs/journal_export.h"

namespace berth::observe {

/// journald's export by HTTP: POST /upload, as systemd-journal-upload sends it and
/// systemd-journal-remote takes it, or `journalctl -o export` by curl. What has come together is
/// handed on, and safe before more is read; 202 at the end.
class JournalInput final : public HttpInput {
 public:
  JournalInput(InputSpec spec, const InputLinks& links, OpenPlaces places);

 private:
  Deferred<http::ServerResponse> take(http::ServerRequest& request);
  void take_entry(const JournalEntry& entry);
};

}  // namespace berth::observe
