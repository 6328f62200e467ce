#include "observe/logs/text_match.h"

#include <re2/filtered_re2.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace berth::observe {
namespace {

constexpr std::size_t atom_bytes_min = 3;
constexpr std::int64_t regex_memory_max = 8 << 20;

bool ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 128; });
}

}  // namespace

std::optional<double> number_of(std::string_view text) {
  if (text.empty() || text.size() > 40) return std::nullopt;
  char buffer[48];
  std::memcpy(buffer, text.data(), text.size());
  buffer[text.size()] = '\0';
  char* end = nullptr;
  double value = std::strtod(buffer, &end);
  if (end != buffer + text.size() || std::isnan(value)) return std::nullopt;
  return value;
}

TextMatch TextMatch::words(std::string_view text, bool open_begin, bool open_end) {
  TextMatch out(Kind::words);
  out.needle_ = text;
  lower_into(text, out.lower_);
  // Where the edge is no letter, nothing can go on there.
  out.open_begin_ = open_begin || out.lower_.empty() || !is_word_byte(out.lower_.front());
  out.open_end_ = open_end || out.lower_.empty() || !is_word_byte(out.lower_.back());
  return out;
}

TextMatch TextMatch::same(std::string_view text) {
  TextMatch out(Kind::same);
  out.needle_ = text;
  lower_into(text, out.lower_);
  return out;
}

TextMatch TextMatch::number(Kind kind, double value) {
  TextMatch out(kind);
  out.number_ = value;
  return out;
}

Result<TextMatch> TextMatch::regex(std::string_view expression) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(regex_memory_max);
  auto regex =
      std::make_shared<RE2>(re2::StringPiece(expression.data(), expression.size()), options);
  if (!regex->ok()) return Error(Code::invalid, regex->error());
  TextMatch out(Kind::regex);
  out.needle_ = expression;
  out.regex_ = std::move(regex);
  auto filtered = std::make_shared<re2::FilteredRE2>(static_cast<int>(atom_bytes_min));
  int id = 0;
  if (filtered->Add(out.needle_, options, &id) == RE2::NoError) {
    filtered->Compile(&out.atoms_);
    if (!out.atoms_.empty()) out.filtered_ = std::move(filtered);
  }
  return out;
}

bool TextMatch::holds(std::string_view text, std::string_view lower) const {
  switch (kind_) {
    case Kind::words:
      return stands_in(lower);
    case Kind::regex:
      return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *regex_);
    case Kind::same:
      return text == needle_;
    case Kind::exists:
      return true;
    default:
      break;
  }
  auto value = number_of(text);
  if (!value) return false;
  if (kind_ == Kind::less) return *value < number_;
  if (kind_ == Kind::at_most) return *value <= number_;
  if (kind_ == Kind::more) return *value > number_;
  return *value >= number_;
}

std::string_view TextMatch::must_stand() const {
  return kind_ == Kind::words || kind_ == Kind::same ? std::string_view(lower_)
                                                     : std::string_view();
}

bool TextMatch::stands_in(std::string_view lower) const {
  if (lower_.empty()) return true;
  bool bounded = kind_ == Kind::words || kind_ == Kind::same;
  bool open_begin = kind_ == Kind::same ? !is_word_byte(lower_.front()) : open_begin_;
  bool open_end = kind_ == Kind::same ? !is_word_byte(lower_.back()) : open_end_;
  std::size_t at = 0;
  while (lower.size() - at >= lower_.size()) {
    auto* found = static_cast<const char*>(
        memmem(lower.data() + at, lower.size() - at, lower_.data(), lower_.size()));
    if (!found) return false;
    auto begin = static_cast<std::size_t>(found - lower.data());
    if (!bounded || ((open_begin || word_begins(lower, begin)) &&
                     (open_end || word_ends(lower, begin + lower_.size())))) {
      return true;
    }
    at = begin + 1;
  }
  return false;
}

void TextMatch::note_words(std::vector<std::uint64_t>& words) {
  first_word_ = words.size();
  if (kind_ == Kind::words || kind_ == Kind::same) {
    std::string_view rest = lower_;
    // What may go on beyond an open edge is no whole word.
    if (kind_ == Kind::words && open_begin_) {
      while (!rest.empty() && is_word_byte(rest.front())) rest.remove_prefix(1);
    }
    if (kind_ == Kind::words && open_end_) {
      while (!rest.empty() && is_word_byte(rest.back())) rest.remove_suffix(1);
    }
    each_word(rest, [&](std::uint64_t hash) { words.push_back(hash); });
  }
  word_count_ = words.size() - first_word_;
}

bool TextMatch::may_hold(const BlockFacts& facts) const {
  for (std::size_t i = 0; i < word_count_ && !facts.words.empty(); ++i) {
    if (!facts.words[first_word_ + i]) return false;
  }
  if (!facts.grams) return true;
  if (kind_ == Kind::words || kind_ == Kind::same) return facts.grams->may_hold(lower_);
  if (kind_ != Kind::regex || !filtered_) return true;
  std::vector<int> there;
  for (std::size_t i = 0; i < atoms_.size(); ++i) {
    // RE2 makes letters beyond ASCII small too, we do not.
    if (!ascii(atoms_[i]) || facts.grams->may_hold(atoms_[i])) there.push_back(static_cast<int>(i));
  }
  std::vector<int> potentials;
  filtered_->AllPotentials(there, &potentials);
  return !potentials.empty();
}

}  // namespace berth::observe
