#include "base/error.h"

#include <atomic>
#include <utility>
#include <vector>

#include "base/check.h"

namespace berth {

struct Error::Payload {
  Code code;
  std::string message;
  std::vector<std::string> context;
  std::source_location where;
  std::atomic<int> references{1};
  bool immortal = false;
};

namespace {
constexpr std::string_view names[] = {
#define BERTH_CODE(name, sentence) #name,
#include "base/codes.def"
#undef BERTH_CODE
};
constexpr std::string_view sentences[] = {
#define BERTH_CODE(name, sentence) sentence,
#include "base/codes.def"
#undef BERTH_CODE
};
}  // namespace

std::string_view code_name(Code code) { return names[static_cast<std::size_t>(code)]; }
std::string_view code_sentence(Code code) { return sentences[static_cast<std::size_t>(code)]; }

Error::Error(Code code, std::string message, std::source_location where)
    : payload_(new Payload{code, std::move(message), {}, where}) {}

Error::Error(const Error& other) noexcept : payload_(other.payload_) {
  if (payload_ && !payload_->immortal) payload_->references.fetch_add(1, std::memory_order_relaxed);
}

Error& Error::operator=(Error other) noexcept {
  std::swap(payload_, other.payload_);
  return *this;
}

void Error::drop() noexcept {
  if (payload_ && !payload_->immortal &&
      payload_->references.fetch_sub(1, std::memory_order_acq_rel) == 1)
    delete payload_;
}

Error Error::cancelled() {
  static Payload payload{Code::cancelled, "cancelled", {}, {}, 1, true};
  return Error(&payload);
}
Error Error::timed_out() {
  static Payload payload{Code::timed_out, "timed out", {}, {}, 1, true};
  return Error(&payload);
}
Error Error::overloaded() {
  static Payload payload{Code::overloaded, "overloaded", {}, {}, 1, true};
  return Error(&payload);
}

Code Error::code() const {
  check(payload_, "a moved-from Error was read");
  return payload_->code;
}

std::string_view Error::message() const { return payload_->message; }

std::string Error::text() const {
  std::string out = payload_->message;
  for (const std::string& what : payload_->context) out += ", while " + what;
  return out;
}

std::string Error::where() const {
  std::string_view file = payload_->where.file_name();
  if (file.empty()) return {};
  if (auto at = file.rfind("/src/"); at != file.npos) file.remove_prefix(at + 1);
  return std::string(file) + ":" + std::to_string(payload_->where.line());
}

Error Error::during(std::string what) && {
  if (payload_->immortal || payload_->references.load(std::memory_order_acquire) > 1) {
    auto* copy = new Payload{payload_->code, payload_->message, payload_->context, payload_->where};
    drop();
    payload_ = copy;
  }
  payload_->context.push_back(std::move(what));
  return std::move(*this);
}

}  // namespace berth
