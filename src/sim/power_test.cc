#include <gtest/gtest.h>

#include <set>

#include "sim/simulation.h"

// What a simulated disk keeps when the power goes, fails or fills.

namespace berth::sim {
namespace {

/// Runs `each` with many seeds; in each a host has an empty, durable folder /d.
template <class F>
void with_seeds(F each, std::uint64_t seeds = 40) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Simulation simulation(seed);
    Host& host = simulation.add_host("a");
    simulation.run(host.disk.make_folder("/d")).value();
    simulation.run(host.disk.sync_folder("/")).value();
    each(simulation, host);
  }
}
std::unique_ptr<File> open(Simulation& simulation, Host& host, const std::string& path) {
  return simulation.run(host.disk.open(path, OpenMode::write)).value();
}
void write(Simulation& simulation, File& file, std::uint64_t at, std::string text) {
  simulation.run(file.write(at, Bytes::copy(text))).value();
}
std::string after_power_loss(Simulation& simulation, Host& host, const std::string& path) {
  host.crash();
  host.start();
  auto text = simulation.run(host.disk.read_file(path));
  return text.ok() ? *text : std::string(code_name(text.error().code()));
}

TEST(Power, what_was_synced_with_its_name_stays) {
  with_seeds([](Simulation& simulation, Host& host) {
    auto file = open(simulation, host, "/d/a");
    write(simulation, *file, 0, std::string(5000, 'x'));
    simulation.run(file->sync()).value();
    simulation.run(host.disk.sync_folder("/d")).value();
    EXPECT_EQ(after_power_loss(simulation, host, "/d/a"), std::string(5000, 'x'));
    EXPECT_TRUE(simulation.run(file->read(0, 1)).error().is(Code::closed));
  });
}

TEST(Power, what_was_not_synced_is_lost_kept_or_torn_into_sectors) {
  std::set<std::string> kinds;
  with_seeds([&](Simulation& simulation, Host& host) {
    auto file = open(simulation, host, "/d/a");
    write(simulation, *file, 0, std::string(4096, 'o'));
    simulation.run(file->sync()).value();
    simulation.run(host.disk.sync_folder("/d")).value();
    write(simulation, *file, 0, std::string(4096, 'n'));
    std::string text = after_power_loss(simulation, host, "/d/a");
    ASSERT_EQ(text.size(), 4096u);
    for (std::size_t at = 0; at < text.size(); at += Inode::sector_bytes) {
      std::string sector = text.substr(at, Inode::sector_bytes);
      EXPECT_TRUE(sector == std::string(sector.size(), 'o') ||
                  sector == std::string(sector.size(), 'n'));
    }
    bool old = text.find('n') == text.npos;
    bool fresh = text.find('o') == text.npos;
    kinds.insert(old ? "lost" : fresh ? "kept" : "torn");
  });
  EXPECT_EQ(kinds, (std::set<std::string>{"lost", "kept", "torn"}));
}

TEST(Power, a_name_is_forgotten_unless_its_folder_was_synced) {
  std::set<std::string> kinds;
  with_seeds([&](Simulation& simulation, Host& host) {
    auto file = open(simulation, host, "/d/a");
    write(simulation, *file, 0, "text");
    simulation.run(file->sync()).value();
    kinds.insert(after_power_loss(simulation, host, "/d/a"));
  });
  EXPECT_EQ(kinds, (std::set<std::string>{"not_found", "text"}));
}

TEST(Power, a_folder_that_was_not_synced_into_its_parent_takes_all_along) {
  std::set<std::string> kinds;
  with_seeds([&](Simulation& simulation, Host& host) {
    simulation.run(host.disk.make_folder("/d/e")).value();
    simulation.run(host.disk.replace_file("/d/e/a", "text")).value();
    kinds.insert(after_power_loss(simulation, host, "/d/e/a"));
  });
  EXPECT_EQ(kinds, (std::set<std::string>{"not_found", "text"}));
}

TEST(Power, a_durable_folder_stays_with_what_is_synced_in_it) {
  with_seeds([&](Simulation& simulation, Host& host) {
    simulation.run(host.disk.make_durable_folder("/e/f/g")).value();
    simulation.run(host.disk.replace_file("/e/f/g/a", "text")).value();
    EXPECT_EQ(after_power_loss(simulation, host, "/e/f/g/a"), "text");
  });
}

TEST(Power, renames_and_removals_are_forgotten_too) {
  std::set<std::string> kinds;
  with_seeds([&](Simulation& simulation, Host& host) {
    simulation.run(host.disk.replace_file("/d/a", "old")).value();
    simulation.run(host.disk.replace_file("/d/b", "new")).value();
    simulation.run(host.disk.rename("/d/b", "/d/a")).value();
    std::string text = after_power_loss(simulation, host, "/d/a");
    EXPECT_EQ(simulation.run(host.disk.read_file("/d/b")).ok(), text == "old");
    kinds.insert(text);
  });
  EXPECT_EQ(kinds, (std::set<std::string>{"old", "new"}));
}

TEST(Power, a_file_is_replaced_as_a_whole_at_whatever_moment_the_power_goes) {
  with_seeds(
      [](Simulation& simulation, Host& host) {
        simulation.run(host.disk.replace_file("/d/a", std::string(3000, 'o'))).value();
        auto replaced = host.disk.replace_file("/d/a", std::string(3000, 'n'));
        simulation.run_for(
            Duration(static_cast<std::int64_t>(simulation.random().below(8'000'000))));
        bool done = !replaced.pending();
        std::string text = after_power_loss(simulation, host, "/d/a");
        EXPECT_TRUE(text == std::string(3000, 'n') || (!done && text == std::string(3000, 'o')))
            << text.substr(0, 20);
      },
      200);
}

TEST(Power, a_sync_is_only_about_what_was_written_when_it_began) {
  int lost = 0;
  with_seeds([&](Simulation& simulation, Host& host) {
    auto file = open(simulation, host, "/d/a");
    simulation.run(host.disk.sync_folder("/d")).value();
    auto synced = file->sync();
    auto written = file->write(0, Bytes::literal("late"));
    simulation.run(std::move(synced)).value();
    simulation.run(std::move(written)).value();
    if (after_power_loss(simulation, host, "/d/a") != "late") ++lost;
  });
  EXPECT_GT(lost, 5);
}

TEST(Power, after_a_failed_sync_a_good_one_proves_nothing_of_what_was_before) {
  int lost = 0;
  with_seeds([&](Simulation& simulation, Host& host) {
    auto file = open(simulation, host, "/d/a");
    simulation.run(host.disk.sync_folder("/d")).value();
    write(simulation, *file, 0, "doubtful");
    host.disk.faults.sync_fails = 1;
    EXPECT_TRUE(simulation.run(file->sync()).error().is(Code::io));
    host.disk.faults.sync_fails = 0;
    write(simulation, *file, 512, "good");
    simulation.run(file->sync()).value();
    std::string text = after_power_loss(simulation, host, "/d/a");
    ASSERT_EQ(text.size(), 516u);
    EXPECT_EQ(text.substr(512), "good");
    if (!text.starts_with("doubtful")) ++lost;
  });
  EXPECT_GT(lost, 5);
}

TEST(Power, a_full_disk_takes_what_fits_and_says_so) {
  with_seeds(
      [](Simulation& simulation, Host& host) {
        host.disk.faults.bytes_max = 1000;
        auto file = open(simulation, host, "/d/a");
        write(simulation, *file, 0, std::string(900, 'x'));
        EXPECT_EQ(simulation.run(host.disk.free_bytes("/")).value(), 100u);
        auto full = simulation.run(file->write(900, Bytes::copy(std::string(200, 'y'))));
        EXPECT_TRUE(full.error().is(Code::disk_full));
        EXPECT_TRUE(simulation.run(file->truncate(5000)).error().is(Code::disk_full));
        write(simulation, *file, 0, std::string(900, 'z'));  // it grows no more
        simulation.run(file->truncate(0)).value();
        EXPECT_EQ(simulation.run(host.disk.free_bytes("/")).value(), 1000u);
      },
      3);
}

TEST(Power, reads_and_writes_fail_where_they_are_told_to) {
  with_seeds(
      [](Simulation& simulation, Host& host) {
        auto file = open(simulation, host, "/d/a");
        write(simulation, *file, 0, "text");
        host.disk.faults.write_fails = host.disk.faults.read_fails = 1;
        EXPECT_TRUE(simulation.run(file->write(0, Bytes::literal("x"))).error().is(Code::io));
        EXPECT_TRUE(simulation.run(file->read(0, 4)).error().is(Code::io));
      },
      3);
}

TEST(Power, a_killed_process_leaves_what_it_had_written) {
  with_seeds(
      [](Simulation& simulation, Host& host) {
        {
          auto file = open(simulation, host, "/d/a");
          write(simulation, *file, 0, "unsynced");
        }
        EXPECT_EQ(simulation.run(host.disk.read_file("/d/a")).value(), "unsynced");
      },
      3);
}

}  // namespace
}  // namespace berth::sim
