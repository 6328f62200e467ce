#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "observe/streams/stream.h"

namespace berth::observe::streams {

struct StreamSpec;
/// A stream as it was written, from which instances are made: once, or once a fork of `by`. Used
/// twice in one tree it is one instance with two parents, as a let-bound stream is in Riemann.
using Spec = std::shared_ptr<const StreamSpec>;
using Specs = std::vector<Spec>;

/// What a stream takes, and what its children get.
enum class Takes : std::uint8_t { events, vectors, both };
enum class Gives : std::uint8_t { events, vectors, as_it_takes };

struct StreamSpec {
  std::string text;  // name and arguments: "rate 5s"; what two equal streams have in common
  Takes takes = Takes::events;
  Gives gives = Gives::events;
  Specs children;
  Specs others;
  /// Children are made by the stream itself, for each fork.
  bool forks = false;
  /// One instance for all forks that it stands in.
  bool shared = false;
  /// `others` takes the failures of what is below.
  bool catches = false;
  std::function<std::unique_ptr<Stream>(Links, const StreamSpec&)> make;

  std::string_view name() const;
};

/// Equal for trees that are written alike, whatever they are called.
std::uint64_t structural_hash(const StreamSpec& spec);
/// invalid where a stream that takes events would get vectors, or the other way round: "rate takes
/// events, but coalesce hands on vectors; put a fold, such as mean, or sflatten between them".
Result<void> check_shapes(const StreamSpec& spec, bool vectors = false);

/// The instances of one tree, or of one fork. Owned by the core or by a stream that forks.
class Branch {
 public:
  /// `exceptions` as in Links.
  static std::unique_ptr<Branch> make(StreamCore& core, const Specs& specs, Stream* exceptions);

  void take(const Event& event) const {
    for (Stream* root : roots_) root->take(event);
  }
  const std::vector<Stream*>& roots() const { return roots_; }
  bool holding() const;
  std::size_t streams() const { return streams_.size(); }

 private:
  Stream* instance(StreamCore& core, const Spec& spec, Stream* exceptions);
  std::vector<Stream*> instances(StreamCore& core, const Specs& specs, Stream* exceptions);

  std::unordered_map<const StreamSpec*, Stream*> made_;  // while it is being made
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::shared_ptr<Branch>> shared_;
  std::vector<Stream*> roots_;
};

}  // namespace berth::observe::streams
