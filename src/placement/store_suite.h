#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <string>
#include <utility>

#include "placement/changes.h"
#include "placement/feed.h"
#include "placement/mirror.h"
#include "sim/simulation.h"
#include "storage/memory_store.h"

namespace berth::placement {

/// A Store in memory that fails when it is told to, and whose watches can be broken.
class FaultyStore final : public storage::Store {
 public:
  explicit FaultyStore(Clock& clock) : inner_(clock) {}

  std::deque<Error> fail_commits;       // each is the answer to one commit
  std::deque<Error> fail_reads;         // of read()
  std::function<void()> before_commit;  // once, before the next commit takes effect
  std::size_t commits = 0;
  std::vector<storage::Batch> batches;  // all that were tried
  void break_watches(Error error) {
    for (Broken* watch : watches_) watch->broken = error;
  }

  Deferred<storage::Revision> commit(storage::Batch batch) override {
    ++commits;
    batches.push_back(batch);
    if (before_commit) std::exchange(before_commit, nullptr)();
    if (!fail_commits.empty()) return failed<storage::Revision>(next(fail_commits));
    return inner_.commit(std::move(batch));
  }
  Deferred<std::optional<storage::Entry>> get(std::string key) override {
    return inner_.get(std::move(key));
  }
  Deferred<storage::Page> read(storage::Range range) override {
    if (!fail_reads.empty()) return failed<storage::Page>(next(fail_reads));
    return inner_.read(std::move(range));
  }
  Deferred<std::unique_ptr<storage::Watch>> watch(storage::Range range,
                                                  storage::Revision after) override {
    auto watch = co_await inner_.watch(std::move(range), after);
    co_return std::make_unique<Broken>(*this, std::move(watch));
  }
  Deferred<storage::LeaseId> grant(std::uint32_t seconds) override { return inner_.grant(seconds); }
  Deferred<void> keep_alive(storage::LeaseId lease) override { return inner_.keep_alive(lease); }
  Deferred<void> revoke(storage::LeaseId lease) override { return inner_.revoke(lease); }
  Deferred<void> compact(storage::Revision revision) override { return inner_.compact(revision); }
  Deferred<void> close() override { return inner_.close(); }

 private:
  static Error next(std::deque<Error>& errors) {
    Error error = std::move(errors.front());
    errors.pop_front();
    return error;
  }
  struct Broken final : storage::Watch {
    Broken(FaultyStore& store, std::unique_ptr<storage::Watch> inner)
        : store(store), inner(std::move(inner)) {
      store.watches_.push_back(this);
    }
    ~Broken() override { std::erase(store.watches_, this); }
    Deferred<std::vector<storage::Change>> next() override {
      if (broken) return failed<std::vector<storage::Change>>(*broken);
      return inner->next();
    }
    FaultyStore& store;
    std::unique_ptr<storage::Watch> inner;
    std::optional<Error> broken;
  };

  storage::MemoryStore inner_;
  std::vector<Broken*> watches_;
};

/// One simulated host with a Store, a mirror, a feed and changes.
struct StoreTest : ::testing::Test {
  sim::Simulation simulation{1};
  sim::Host& host = simulation.add_host("laptop");
  World& world = host.world();
  FaultyStore store{world.clock};
  Mirror mirror{world, Log(), store};
  Feed feed{world, Log(), store, mirror};
  Changes changes{world, store, mirror};

  void start_mirror() { ASSERT_TRUE(simulation.run(mirror.start()).ok()); }
  void TearDown() override {
    EXPECT_TRUE(simulation.run(feed.close()).ok());
    EXPECT_TRUE(simulation.run(mirror.close()).ok());
  }
  const ClusterState& state() const { return mirror.state(); }
  storage::Revision put(const std::string& key, const std::string& value) {
    auto revision = simulation.run(store.commit(storage::Batch().put(key, value)));
    EXPECT_TRUE(revision.ok()) << revision.error().text();
    if (!revision.ok()) return 0;
    return *revision;
  }
  void put_system() {
    SystemRecord system{"shop", "dev", "shop.localhost", 0x7f4d0700};
    caught_up(put("system", to_json(system).text()));
  }
  bool until(const std::function<bool()>& holds, Duration limit = 10s) {
    return simulation.run_until(holds, limit);
  }
  void caught_up(storage::Revision revision) {
    ASSERT_TRUE(until([&] { return mirror.state().revision >= revision; }));
  }
  /// The result of a change, once the mirror shows it.
  std::string changed(Deferred<storage::Revision> change) {
    auto revision = simulation.run(std::move(change));
    if (!revision.ok()) return revision.error().text();
    caught_up(*revision);
    return "";
  }
  std::vector<std::string> feed_texts() const {
    std::vector<std::string> out;
    for (auto& [id, entry] : state().feed)
      out.push_back(entry.service + " " + entry.kind + ": " + entry.text);
    return out;
  }
  static ServiceSpec spec(const std::string& name, std::uint32_t instances = 1,
                          const std::string& run = "v1") {
    ServiceSpec spec;
    spec.name = name;
    spec.run = run;
    spec.folder = "/shop";
    spec.instances = instances;
    return spec;
  }
  static SystemSpec system_of(std::vector<ServiceSpec> services) {
    return {"shop", "dev", std::move(services)};
  }
};

}  // namespace berth::placement
