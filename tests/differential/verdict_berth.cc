// What Berth makes of requests: see verdict.h. Reads each case whole and again byte by byte, and
// ends with an error where the two differ.
#include <cstdlib>

#include "http/h1_reader.h"
#include "verdict.h"

namespace {
using namespace berth;

/// A peer that has sent `text` and ended its half.
class Sent final : public ByteStream {
 public:
  Sent(std::string_view text, std::size_t at_once) : text_(text), at_once_(at_once) {}
  Deferred<Bytes> read(std::size_t) override {
    Bytes part = Bytes::copy(text_.substr(0, at_once_));
    text_.remove_prefix(part.size());
    return ready(std::move(part));
  }
  Deferred<void> write(BytesList) override { return ready(); }
  Deferred<void> shutdown_write() override { return ready(); }
  void close() override {}
  void abort() override {}
  Address local_address() const override { return {}; }
  Address peer_address() const override { return {}; }
  bool broken() const override { return false; }

 private:
  std::string_view text_;
  std::size_t at_once_;
};

Deferred<std::string> judge(std::string_view text, std::size_t at_once) {
  Sent stream(text, at_once);
  http::H1Reader reader(stream);
  std::string line;
  for (;;) {
    auto head = co_await reader.request().result();
    if (!head.ok()) {
      bool refused = head.error().is(Code::invalid) || head.error().is(Code::overloaded);
      co_return line + (refused ? "refused" : "open");
    }
    std::size_t bytes = 0;
    for (;;) {
      auto part = co_await reader.body().result();
      if (!part.ok()) co_return line + (part.error().is(Code::invalid) ? "refused" : "open");
      if (part->empty()) break;
      bytes += part->size();
    }
    verdict::note(line, head->method, head->target, bytes);
    if (!head->keep_alive) co_return line + "closed";
  }
}

std::string verdict_of(std::string_view text, std::size_t at_once) {
  auto judged = judge(text, at_once);
  while (judged.pending()) ReadyList::current().run();
  return judged.take().value();
}

}  // namespace

int main() {
  std::string bytes;
  while (verdict::next_case(bytes)) {
    std::string whole = verdict_of(bytes, bytes.size());
    std::string cut = verdict_of(bytes, 1);
    if (whole != cut) {
      std::fprintf(stderr, "read at once: %s, byte by byte: %s\n", whole.c_str(), cut.c_str());
      return 1;
    }
    std::puts(whole.c_str());
  }
}
