#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>

#include "observe/streams/spec.h"

namespace berth::observe::streams {

struct Shape {
  Takes takes = Takes::events;
  Gives gives = Gives::events;
};
inline constexpr Shape event_to_event{Takes::events, Gives::events};
inline constexpr Shape event_to_vector{Takes::events, Gives::vectors};
inline constexpr Shape vector_to_event{Takes::vectors, Gives::events};
inline constexpr Shape any_to_same{Takes::both, Gives::as_it_takes};

/// A spec whose instances are made as N(links, arguments...).
template <class N, class... A>
std::shared_ptr<StreamSpec> make_spec(std::string text, Shape shape, Specs children,
                                      A... arguments) {
  auto spec = std::make_shared<StreamSpec>();
  spec->text = std::move(text);
  spec->takes = shape.takes;
  spec->gives = shape.gives;
  spec->children = std::move(children);
  spec->make = [kept = std::make_tuple(std::move(arguments)...)](Links links, const StreamSpec&) {
    return std::apply(
        [&](auto&... each) -> std::unique_ptr<Stream> {
          return std::make_unique<N>(std::move(links), each...);
        },
        kept);
  };
  return spec;
}

}  // namespace berth::observe::streams
