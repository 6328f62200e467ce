#pragma once

#include <cstdint>
#include <source_location>
#include <string>
#include <string_view>

namespace berth {

/// What a caller may react to; the sentences stand in base/codes.def.
enum class Code : std::uint8_t {
#define BERTH_CODE(name, sentence) name,
#include "base/codes.def"
#undef BERTH_CODE
};

/// The code's name as it is written in logs and JSON, e.g. "not_found".
std::string_view code_name(Code code);
/// The code's sentence from codes.def.
std::string_view code_sentence(Code code);

/// Why something failed: one pointer to code, message, a chain of context and the place in the
/// source where it arose. Copies share the payload. cancelled(), timed_out() and overloaded() are
/// static and never allocate, so that refusing work costs nothing. May move between threads.
/// The message tells an operator what happened, to what, and what to do.
class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message,
        std::source_location where = std::source_location::current());
  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept : payload_(other.payload_) { other.payload_ = nullptr; }
  Error& operator=(Error other) noexcept;
  ~Error() {
    if (payload_) drop();
  }

  static Error cancelled();
  static Error timed_out();
  static Error overloaded();

  Code code() const;
  bool is(Code code) const { return this->code() == code; }
  /// Without its context.
  std::string_view message() const;
  /// The whole sentence: message, then each context, innermost first, as "while ...".
  std::string text() const;
  /// Where it arose, "src/http/client.cc:41"; empty for the static ones.
  std::string where() const;
  /// Adds what was being done, e.g. "starting orders/1". Static errors keep their code.
  Error during(std::string what) &&;

 private:
  struct Payload;
  explicit Error(Payload* payload) noexcept : payload_(payload) {}
  void drop() noexcept;

  Payload* payload_;
};

}  // namespace berth
