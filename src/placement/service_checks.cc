#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/strings.h"
#include "placement/service_reader.h"

namespace berth::placement {

namespace {

struct Together {
  const std::vector<ServiceText>& texts;
  const std::vector<ServiceSpec>& specs;
  TomlErrors& errors;

  /// Where service i names that need.
  const TomlPlace& place_of_need(std::size_t i, std::string_view need) const {
    const TomlValue& needs = *texts[i].table.find("needs");
    for (const TomlValue& item : needs.items())
      if (item.string() && *item.string() == need) return item.place();
    return needs.place();
  }

  std::size_t index_of(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(specs, name, &ServiceSpec::name) -
                                    specs.begin());
  }

  void needs_exist() const {
    std::vector<std::string_view> names;
    names.reserve(specs.size());
    for (const ServiceSpec& spec : specs) names.push_back(spec.name);
    for (std::size_t i = 0; i < specs.size(); ++i)
      for (const std::string& need : specs[i].needs)
        if (index_of(need) == specs.size())
          errors.add({place_of_need(i, need),
                      fmt::format("service.{} needs '{}', which is not there", specs[i].name, need),
                      fmt::format("one of {}", fmt::join(names, ", ")),
                      std::string(nearest_word(need, names))});
  }

  void mirrors_exist() const {
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const std::string& to = specs[i].calls.mirror_to;
      if (to.empty() || (index_of(to) != specs.size() && to != specs[i].name)) continue;
      const TomlValue& at = *texts[i].table.find("calls")->find("mirror_to");
      errors.add({at.place(),
                  fmt::format("service.{}.calls.mirror_to must be another service, found '{}'",
                              specs[i].name, to),
                  "the name of another service", ""});
    }
  }

  void needs_make_no_ring() const {
    enum class Seen : std::uint8_t { no, under_way, done };
    std::vector<Seen> seen(specs.size(), Seen::no);
    struct Step {
      std::size_t service;
      std::size_t next_need = 0;
    };
    for (std::size_t start = 0; start < specs.size(); ++start) {
      if (seen[start] != Seen::no) continue;
      std::vector<Step> path = {{start}};
      seen[start] = Seen::under_way;
      while (!path.empty()) {
        Step& last = path.back();
        if (last.next_need == specs[last.service].needs.size()) {
          seen[last.service] = Seen::done;
          path.pop_back();
          continue;
        }
        std::size_t need = index_of(specs[last.service].needs[last.next_need++]);
        if (need == specs.size() || seen[need] == Seen::done) continue;
        if (seen[need] == Seen::under_way) {
          std::vector<std::string_view> ring;
          auto begin = std::ranges::find(path, need, &Step::service);
          for (auto step = begin; step != path.end(); ++step)
            ring.push_back(specs[step->service].name);
          tell_ring(std::move(ring), last.service);
          continue;
        }
        seen[need] = Seen::under_way;
        path.push_back({need});
      }
    }
  }

  void tell_ring(std::vector<std::string_view> ring, std::size_t closing) const {
    ring.push_back(ring.front());
    errors.add({place_of_need(closing, ring.front()),
                fmt::format("needs go round in a ring, so that none can start first: {}",
                            fmt::join(ring, " -> ")),
                "", ""});
  }

  void routes_are_different() const {
    std::map<std::tuple<std::string, std::string, std::string>, std::size_t> taken;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      for (const catalog::PublicRoute& route : specs[i].routes) {
        auto [there, fresh] = taken.try_emplace({route.label, route.path, route.rules}, i);
        if (fresh) continue;  // of two at one place the one with more conditions is asked first
        std::string written = route.label + (route.path == "/" ? "" : route.path);
        errors.add({texts[i].table.find("public")->place(),
                    fmt::format("service.{}.public: the route '{}' is that of service.{} already",
                                specs[i].name, written, specs[there->second].name),
                    "a route of its own", ""});
      }
    }
  }
};

}  // namespace

void check_together(const std::vector<ServiceText>& texts, const std::vector<ServiceSpec>& specs,
                    TomlErrors& errors) {
  Together together{texts, specs, errors};
  together.needs_exist();
  together.mirrors_exist();
  together.needs_make_no_ring();
  together.routes_are_different();
}

}  // namespace berth::placement
