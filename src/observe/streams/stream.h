#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "observe/streams/event_fields.h"

namespace berth::observe::streams {

class StreamCore;

/// Takes events, one at a time or some at once, and does something with them: a stream in Riemann's
/// sense. What it is handed is valid during the call only and is never changed by it. Belongs to
/// the core's reactor and to a Branch.
class Stream {
 public:
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  virtual void take(const Event& event) = 0;
  /// Never called where StreamSpec::takes says events: check_shapes() has refused such a tree.
  virtual void take_all(Batch) {}
  /// Holds events that it will hand on by itself: it may not be ended now.
  virtual bool holding() const { return false; }
};

/// What a stream is made with.
struct Links {
  StreamCore& core;
  std::vector<Stream*> children;
  std::vector<Stream*> others;   // the second kind of children: of where's else, of dual
  Stream* exceptions = nullptr;  // of the nearest exception_stream around it; null: the core's own
};

/// A stream with children. A child that fails has told so to the exceptions' stream by the time it
/// returns, so its siblings run in any case (riemann streams.clj, call-rescue).
class Node : public Stream {
 public:
  explicit Node(Links links) : links_(std::move(links)) {}

 protected:
  StreamCore& core() const { return links_.core; }
  WallTime now() const;
  void pass(const Event& event) const {
    for (Stream* child : links_.children) child->take(event);
  }
  void pass(Batch batch) const {
    for (Stream* child : links_.children) child->take_all(batch);
  }
  void pass_other(const Event& event) const {
    for (Stream* child : links_.others) child->take(event);
  }
  void pass_other(Batch batch) const {
    for (Stream* child : links_.others) child->take_all(batch);
  }
  const Links& links() const { return links_; }
  /// Tells that the event could not be handled.
  void fail(const Error& error) const;

 private:
  Links links_;
};

/// Hands on whatever comes: sdo.
class Fan final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override { pass(event); }
  void take_all(Batch batch) override { pass(batch); }
};

}  // namespace berth::observe::streams
