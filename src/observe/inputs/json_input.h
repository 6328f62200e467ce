#pragma once

#include "observe/inputs/http_input.h"

namespace berth::observe {

/// Log lines by HTTP: POST /lines (or /) with a JSON object, an array of these, or one a line; a
/// line that is none is a line of text. ?service= and ?host= hold for lines that tell none. 200
/// {"lines":2} once all of them are safe; a sender that gets no answer sends them again.
class JsonInput final : public HttpInput {
 public:
  JsonInput(InputSpec spec, const InputLinks& links, OpenPlaces places);

 private:
  Deferred<http::ServerResponse> take(http::ServerRequest& request);
  void take_line(std::string_view text, const std::string& service, const std::string& host);
};

}  // namespace berth::observe
