#include "observe/streams/spec.h"

#include <algorithm>

#include "base/hash.h"
#include "observe/streams/core.h"

namespace berth::observe::streams {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t more) {
  return hash64({reinterpret_cast<const char*>(&more), sizeof(more)}, hash);
}

}  // namespace

std::string_view StreamSpec::name() const {
  std::string_view all = text;
  return all.substr(0, all.find(' '));
}

std::uint64_t structural_hash(const StreamSpec& spec) {
  std::uint64_t hash = hash64(spec.text, spec.shared ? 2 : 1);
  for (auto& child : spec.children) hash = mixed(hash, structural_hash(*child));
  hash = mixed(hash, spec.children.size());
  for (auto& child : spec.others) hash = mixed(hash, structural_hash(*child));
  return hash;
}

Result<void> check_shapes(const StreamSpec& spec, bool vectors) {
  bool gives = spec.gives == Gives::as_it_takes ? vectors : spec.gives == Gives::vectors;
  for (auto* list : {&spec.children, &spec.others}) {
    if (list == &spec.others && spec.catches) gives = false;
    for (auto& child : *list) {
      if (child->takes != Takes::both && gives != (child->takes == Takes::vectors)) {
        std::string what = std::string(child->name()) + " takes " +
                           (gives ? "events" : "vectors of events") + ", but " +
                           std::string(spec.name()) + " hands on " + (gives ? "vectors" : "events");
        return Error(Code::invalid,
                     what + (gives ? "; put a fold, such as mean, or sflatten between them"
                                   : "; put a window or coalesce between them"));
      }
      TRY(check_shapes(*child, gives));
    }
  }
  return {};
}

std::unique_ptr<Branch> Branch::make(StreamCore& core, const Specs& specs, Stream* exceptions) {
  auto branch = std::make_unique<Branch>();
  branch->roots_ = branch->instances(core, specs, exceptions);
  branch->made_ = {};
  return branch;
}

bool Branch::holding() const {
  return std::ranges::any_of(streams_, [](auto& stream) { return stream->holding(); });
}

std::vector<Stream*> Branch::instances(StreamCore& core, const Specs& specs, Stream* exceptions) {
  std::vector<Stream*> out;
  out.reserve(specs.size());
  for (auto& spec : specs) out.push_back(instance(core, spec, exceptions));
  return out;
}

Stream* Branch::instance(StreamCore& core, const Spec& spec, Stream* exceptions) {
  auto found = made_.find(spec.get());
  if (found != made_.end()) return found->second;
  if (spec->shared) {
    auto branch = core.shared_branch(spec, exceptions);
    shared_.push_back(branch);
    return made_[spec.get()] = branch->roots_.front();
  }
  Links links{core, {}, {}, exceptions};
  Stream* inner = exceptions;
  if (!spec->forks) {
    links.others = instances(core, spec->others, exceptions);
    if (spec->catches) inner = links.others.front();
    links.children = instances(core, spec->children, inner);
  }
  streams_.push_back(spec->make(std::move(links), *spec));
  return made_[spec.get()] = streams_.back().get();
}

}  // namespace berth::observe::streams
