#include "base/log.h"
#include "observe/streams/core.h"
#include "observe/streams/event_json.h"
#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"

// Streams that end a path: what they do is done outside.

namespace berth::observe::streams {
namespace {

class IndexIt final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override {
    auto done = core().index_event(event);
    if (!done.ok()) fail(done.error());
  }
};

class DeleteFromIndex final : public Node {
 public:
  DeleteFromIndex(Links links, std::vector<Field> fields)
      : Node(std::move(links)), fields_(std::move(fields)) {}
  void take(const Event& event) override {
    if (fields_.empty()) {
      core().index().remove(event.host, event.service);
      return;
    }
    std::vector<std::pair<std::string, std::string>> found;
    core().index().each([&](const Event& each) {
      for (auto& field : fields_) {
        if (!equal(field.get(each), field.get(event))) return;
      }
      found.emplace_back(each.host, each.service);
    });
    for (auto& [host, service] : found) core().index().remove(host, service);
  }

 private:
  std::vector<Field> fields_;
};

class Publish final : public Node {
 public:
  Publish(Links links, std::string topic) : Node(std::move(links)), topic_(std::move(topic)) {}
  void take(const Event& event) override { core().pubsub().publish(topic_, event); }
  void take_all(Batch batch) override {
    for (auto* event : batch) {
      if (event) take(*event);
    }
  }

 private:
  std::string topic_;
};

class Reinject final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override {
    if (!core().reinject(event)) {
      fail(Error(Code::overloaded, "reinject: its queue is full; events go round in a circle?"));
    }
  }
};

class Send final : public Node {
 public:
  Send(Links links, std::string output) : Node(std::move(links)), output_(std::move(output)) {}
  void take(const Event& event) override {
    auto* output = core().output(output_);
    if (!output) return fail(Error(Code::not_found, "there is no output '" + output_ + "'"));
    auto sent = (*output)(event);
    if (!sent.ok()) fail(sent.error());
  }
  void take_all(Batch batch) override {
    for (auto* event : batch) {
      if (event) take(*event);
    }
  }

 private:
  std::string output_;
};

class LogEvents final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override { core().log_event(event_json(event)); }
  void take_all(Batch batch) override {
    for (auto* event : batch) {
      if (event) take(*event);
    }
  }
};

class BitBucket final : public Node {
 public:
  using Node::Node;
  void take(const Event&) override {}
};

class Call final : public Node {
 public:
  Call(Links links, std::function<void(const Event&)> one, std::function<void(Batch)> many)
      : Node(std::move(links)), one_(std::move(one)), many_(std::move(many)) {}
  void take(const Event& event) override {
    if (one_) return one_(event);
    const Event* only = &event;
    many_({&only, 1});
  }
  void take_all(Batch batch) override { many_(batch); }

 private:
  std::function<void(const Event&)> one_;
  std::function<void(Batch)> many_;
};

constexpr Shape anything{Takes::both, Gives::as_it_takes};

}  // namespace

Spec index() { return make_spec<IndexIt>("index", event_to_event, {}); }

Spec delete_from_index(std::vector<Field> fields) {
  std::string text = "delete_from_index";
  for (auto& field : fields) text += " " + field.name();
  return make_spec<DeleteFromIndex>(std::move(text), event_to_event, {}, std::move(fields));
}

Spec publish(std::string topic) {
  return make_spec<Publish>("publish " + topic, anything, {}, topic);
}

Spec reinject() { return make_spec<Reinject>("reinject", event_to_event, {}); }

Spec send(std::string output) { return make_spec<Send>("send " + output, anything, {}, output); }

Spec log_events() { return make_spec<LogEvents>("log", anything, {}); }

Spec bit_bucket() { return make_spec<BitBucket>("bit_bucket", anything, {}); }

Spec call(std::string text, std::function<void(const Event&)> function) {
  return make_spec<Call>("call " + text, event_to_event, {}, std::move(function),
                         std::function<void(Batch)>());
}

Spec call_all(std::string text, std::function<void(Batch)> function) {
  return make_spec<Call>("call_all " + text, anything, {}, std::function<void(const Event&)>(),
                         std::move(function));
}

}  // namespace berth::observe::streams
