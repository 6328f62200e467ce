#include "runtime/command_line.h"

#include <algorithm>

#include "base/strings.h"

namespace berth::runtime {
namespace {

/// First words that mean something to the shell itself: `exec` may not stand before them.
constexpr std::string_view shell_words[] = {
    ".",       ":",        "!",      "{",        "[[",     "alias",  "break", "case",     "cd",
    "command", "continue", "eval",   "exec",     "exit",   "export", "for",   "function", "getopts",
    "if",      "local",    "read",   "readonly", "return", "select", "set",   "shift",    "source",
    "times",   "trap",     "ulimit", "umask",    "unset",  "until",  "while"};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

bool is_assignment(std::string_view word) {
  auto name = word.substr(0, word.find('='));
  if (name.size() == word.size() || name.empty() || (name[0] >= '0' && name[0] <= '9')) {
    return false;
  }
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

/// Splits a line and notices on the way what of it needs a shell.
class CommandSplitter {
 public:
  explicit CommandSplitter(std::string_view line) : line_(line) {}

  Result<std::vector<std::string>> arguments() {
    while (at_ < line_.size()) TRY(take());
    end_word();
    if (words_.empty()) return Error(Code::invalid, "the command is empty");
    first_ = words_[0];
    first_is_shells_ =
        !first_quoted_ && (std::ranges::find(shell_words, words_[0]) != std::end(shell_words) ||
                           is_assignment(words_[0]));
    if (!needs_shell_ && !first_is_shells_) return std::move(words_);
    std::string text = several_ || first_is_shells_ ? "" : "exec ";
    return std::vector<std::string>{"/bin/sh", "-c", text + std::string(line_)};
  }
  /// After arguments().
  std::string program() const { return first_is_shells_ || first_special_ ? "" : first_; }

 private:
  Result<void> take() {
    char c = line_[at_];
    if (is_blank(c)) {
      end_word();
      ++at_;
    } else if (c == '\'') {
      TRY(take_single_quoted());
    } else if (c == '"') {
      TRY(take_double_quoted());
    } else if (c == '\\' && at_ + 1 < line_.size()) {
      add(line_[at_ + 1]);
      quoted_ = true;
      at_ += 2;
    } else {
      notice(c);
      add(c);
      ++at_;
    }
    return {};
  }
  Result<void> take_single_quoted() {
    std::size_t end = line_.find('\'', at_ + 1);
    if (end == std::string_view::npos) return not_closed("'");
    word_ += line_.substr(at_ + 1, end - at_ - 1);
    in_word_ = quoted_ = true;
    at_ = end + 1;
    return {};
  }
  Result<void> take_double_quoted() {
    in_word_ = quoted_ = true;
    for (++at_; at_ < line_.size() && line_[at_] != '"'; ++at_) {
      char c = line_[at_];
      if (c == '$' || c == '`') needs_shell_ = true;
      if (c == '\\' && at_ + 1 < line_.size() &&
          std::string_view("$`\"\\").find(line_[at_ + 1]) != std::string_view::npos) {
        c = line_[++at_];
      }
      word_ += c;
    }
    if (at_ == line_.size()) return not_closed("\"");
    ++at_;
    return {};
  }
  /// A character outside quotes: what would a shell make of it?
  void notice(char c) {
    bool begins = !in_word_;
    bool redirected = at_ > 0 && (line_[at_ - 1] == '>' || line_[at_ - 1] == '<');
    if (c == ';' || c == '|' || c == '(' || c == ')' || c == '\n' || (c == '&' && !redirected)) {
      needs_shell_ = several_ = true;
    } else if (std::string_view("<>&$`*?[").find(c) != std::string_view::npos ||
               (begins && (c == '~' || c == '#'))) {
      needs_shell_ = true;
    }
  }
  void add(char c) {
    word_ += c;
    in_word_ = true;
  }
  void end_word() {
    if (!in_word_) return;
    if (words_.empty()) {
      first_quoted_ = quoted_;
      first_special_ = needs_shell_;
    }
    words_.push_back(std::move(word_));
    word_.clear();
    in_word_ = quoted_ = false;
  }
  Error not_closed(const char* quote) const {
    return Error(Code::invalid,
                 std::string("a ") + quote + " is not closed in the command " + std::string(line_));
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::vector<std::string> words_;
  std::string word_;
  bool in_word_ = false;
  bool quoted_ = false;
  std::string first_;
  bool first_quoted_ = false;
  bool first_special_ = false;
  bool first_is_shells_ = false;
  bool needs_shell_ = false;
  bool several_ = false;
};

}  // namespace

Result<std::vector<std::string>> command_arguments(std::string_view line) {
  return CommandSplitter(trim(line)).arguments();
}

std::string command_program(std::string_view line) {
  CommandSplitter splitter(trim(line));
  return splitter.arguments().ok() ? splitter.program() : "";
}

}  // namespace berth::runtime
