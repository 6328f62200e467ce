#include <algorithm>

#include "observe/streams/make_spec.h"
#include "observe/streams/streams.h"

// Streams that hand on a changed copy of each event. The copy is kept from event to event, so that
// texts which are no longer than before need no allocation.

namespace berth::observe::streams {
namespace {

/// An editor that takes vectors too and changes each event of one.
template <class Edit>
class Editing final : public Node {
 public:
  Editing(Links links, std::shared_ptr<const Edit> edit)
      : Node(std::move(links)), edit_(std::move(edit)) {}
  void take(const Event& event) override {
    room_ = event;
    (*edit_)(room_);
    pass(room_);
  }
  void take_all(Batch batch) override {
    if (rooms_.size() < batch.size()) rooms_.resize(batch.size());
    views_.assign(batch.size(), nullptr);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (!batch[i]) continue;
      rooms_[i] = *batch[i];
      (*edit_)(rooms_[i]);
      views_[i] = &rooms_[i];
    }
    pass(Batch(views_));
  }

 private:
  std::shared_ptr<const Edit> edit_;
  Event room_;
  std::vector<Event> rooms_;
  std::vector<const Event*> views_;
};

struct With {
  Settings settings;
  void operator()(Event& event) const {
    for (auto& each : settings) each.field.set(event, each.value);
  }
};

struct DefaultTo {
  Settings settings;
  void operator()(Event& event) const {
    for (auto& each : settings) {
      if (is_nothing(each.field.get(event))) each.field.set(event, each.value);
    }
  }
};

struct Scale {
  double factor;
  void operator()(Event& event) const {
    if (event.metric) *event.metric *= factor;
  }
};

struct Tag {
  std::vector<std::string> tags;
  void operator()(Event& event) const {
    std::size_t at = 0;
    for (auto& tag : tags) {
      std::erase(event.tags, tag);
      event.tags.insert(event.tags.begin() + static_cast<std::ptrdiff_t>(at++), tag);
    }
  }
};

struct Untag {
  std::vector<std::string> tags;
  void operator()(Event& event) const {
    std::erase_if(event.tags,
                  [this](auto& tag) { return std::ranges::find(tags, tag) != tags.end(); });
  }
};

template <class Edit>
Spec editing(std::string text, Edit edit, Specs children) {
  return make_spec<Editing<Edit>>(std::move(text), any_to_same, std::move(children),
                                  std::make_shared<const Edit>(std::move(edit)));
}

class Adjust final : public Node {
 public:
  Adjust(Links links, Field field, Reading value)
      : Node(std::move(links)), field_(std::move(field)), value_(std::move(value)) {}
  void take(const Event& event) override {
    auto value = value_.get(event, read_);
    if (!value.ok()) return fail(value.error());
    room_ = event;
    keep(kept_, *value);
    field_.set(room_, kept_);
    pass(room_);
  }

 private:
  Field field_;
  Reading value_;
  FieldValue read_, kept_;
  Event room_;
};

/// smap and smap*, over events and over vectors.
class Map final : public Node {
 public:
  Map(Links links, EventFunction one, Fold many, bool hands_on_nothing)
      : Node(std::move(links)),
        one_(std::move(one)),
        many_(std::move(many)),
        hands_on_nothing_(hands_on_nothing) {}
  void take(const Event& event) override {
    if (one_.apply) hand_on(one_.apply(event, room_));
  }
  void take_all(Batch batch) override {
    if (many_.apply) hand_on(many_.apply(batch, room_));
  }

 private:
  void hand_on(const Result<bool>& made) {
    if (!made.ok()) return fail(made.error());
    if (!*made && !hands_on_nothing_) return;
    if (!*made) clear(room_);
    pass(room_);
  }

  EventFunction one_;
  Fold many_;
  bool hands_on_nothing_;
  Event room_;
};

class MapCat final : public Node {
 public:
  MapCat(Links links, Expansion expansion)
      : Node(std::move(links)), expansion_(std::move(expansion)) {}
  void take(const Event& event) override {
    const Event* one = &event;
    take_all({&one, 1});
  }
  void take_all(Batch batch) override {
    auto done = expansion_.apply(batch, [this](const Event& event) { pass(event); });
    if (!done.ok()) fail(done.error());
  }

 private:
  Expansion expansion_;
};

class Flatten final : public Node {
 public:
  using Node::Node;
  void take(const Event& event) override { pass(event); }
  void take_all(Batch batch) override {
    for (auto* event : batch) {
      if (event) pass(*event);
    }
  }
};

class Reduce final : public Node {
 public:
  Reduce(Links links, Reducer reducer, std::optional<Event> initial)
      : Node(std::move(links)), reducer_(std::move(reducer)), accumulated_(std::move(initial)) {}
  void take(const Event& event) override {
    if (!accumulated_) {
      accumulated_ = event;
      return;
    }
    auto done = reducer_.apply(*accumulated_, event);
    if (!done.ok()) return fail(done.error());
    pass(*accumulated_);
  }

 private:
  Reducer reducer_;
  std::optional<Event> accumulated_;
};

std::string words(std::string text, const std::vector<std::string>& all) {
  for (auto& each : all) text += " \"" + each + "\"";
  return text;
}

}  // namespace

Spec with(Settings settings, Specs children) {
  std::string text = "with" + text_of(settings);
  return editing(std::move(text), With{std::move(settings)}, std::move(children));
}

Spec default_to(Settings settings, Specs children) {
  std::string text = "default" + text_of(settings);
  return editing(std::move(text), DefaultTo{std::move(settings)}, std::move(children));
}

Spec scale(double factor, Specs children) {
  return editing("scale " + text_of(FieldValue(factor)), Scale{factor}, std::move(children));
}

Spec tag(std::vector<std::string> tags, Specs children) {
  return editing(words("tag", tags), Tag{tags}, std::move(children));
}

Spec untag(std::vector<std::string> tags, Specs children) {
  return editing(words("untag", tags), Untag{tags}, std::move(children));
}

Spec adjust(Field field, Reading value, Specs children) {
  std::string text = "adjust " + field.name() + " " + value.text();
  return make_spec<Adjust>(std::move(text), event_to_event, std::move(children), std::move(field),
                           std::move(value));
}

Spec smap(EventFunction function, Specs children) {
  return make_spec<Map>("smap " + function.text, event_to_event, std::move(children), function,
                        Fold(), false);
}

Spec smap(Fold fold, Specs children) {
  return make_spec<Map>("smap " + fold.text, vector_to_event, std::move(children), EventFunction(),
                        fold, false);
}

Spec smap(EventFunction function, Fold fold, Specs children) {
  return make_spec<Map>("smap " + function.text, Shape{Takes::both, Gives::events},
                        std::move(children), function, fold, false);
}

Spec smap_all(EventFunction function, Specs children) {
  return make_spec<Map>("smap_all " + function.text, event_to_event, std::move(children), function,
                        Fold(), true);
}

Spec smap_all(Fold fold, Specs children) {
  return make_spec<Map>("smap_all " + fold.text, vector_to_event, std::move(children),
                        EventFunction(), fold, true);
}

Spec smapcat(Expansion expansion, Specs children) {
  Shape shape = expansion.takes_vectors ? vector_to_event : event_to_event;
  return make_spec<MapCat>("smapcat " + expansion.text, shape, std::move(children), expansion);
}

Spec sflatten(Specs children) {
  return make_spec<Flatten>("sflatten", Shape{Takes::both, Gives::events}, std::move(children));
}

Spec sreduce(Reducer reducer, std::optional<Event> initial, Specs children) {
  std::string text = "sreduce " + reducer.text;
  if (initial)
    text += " from " + initial->service + text_of(FieldValue(initial->metric.value_or(0)));
  return make_spec<Reduce>(std::move(text), event_to_event, std::move(children), std::move(reducer),
                           std::move(initial));
}

Spec sdo(Specs children) { return make_spec<Fan>("sdo", any_to_same, std::move(children)); }

Spec pipe(const std::vector<Stage>& stages, Spec last) {
  for (auto stage = stages.rbegin(); stage != stages.rend(); ++stage) {
    last = (*stage)(std::move(last));
  }
  return last;
}

}  // namespace berth::observe::streams
