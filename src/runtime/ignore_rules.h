#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime {

/// The patterns of a .dockerignore (docs.docker.com, build context): one a line, # for comments,
/// `*`, `?`, `[a-z]`, `\` within a name, `**` for any number of folders, `!` for exceptions. A
/// pattern holds for what is below what it names too; the last that holds decides.
class IgnoreRules {
 public:
  static IgnoreRules parse(std::string_view text);

  /// `path` is relative, "a/b/c".
  bool ignored(std::string_view path) const;
  /// True if something below an ignored folder may not be ignored.
  bool has_exceptions() const { return has_exceptions_; }

 private:
  struct Rule {
    std::vector<std::string> segments;
    bool exception = false;
  };
  std::vector<Rule> rules_;
  bool has_exceptions_ = false;
};

}  // namespace berth::runtime
