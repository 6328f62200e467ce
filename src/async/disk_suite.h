#pragma once

#include <algorithm>
#include <map>
#include <vector>

#include "async/gather.h"
#include "async/world_suite.h"

namespace berth {

/// What disk.h promises, but for what a power loss leaves (sim/disk_test.cc).
class DiskSuite : public WorldSuite {
 protected:
  Disk& disk = world.disk;
  std::string folder = suite->folder();

  std::string path(std::string name) const { return folder + "/" + std::move(name); }
  std::unique_ptr<File> open(const std::string& name, OpenMode mode = OpenMode::write) {
    return run(disk.open(path(name), mode)).value();
  }
  std::string text(const std::string& name) { return run(disk.read_file(path(name))).value(); }
  void put(const std::string& name, std::string content) {
    auto file = open(name, OpenMode::write_emptied);
    run(file->write(0, Bytes::copy(content))).value();
  }
  std::map<std::string, FolderEntry> listed(const std::string& at) {
    std::map<std::string, FolderEntry> all;
    std::vector<FolderEntry> entries = run(disk.list(at)).value();
    for (auto& entry : entries) all[entry.name] = entry;
    return all;
  }
};

TEST_P(DiskSuite, what_was_written_is_read_at_its_place) {
  auto file = open("a");
  run(file->write(0, Bytes::literal("hello world"))).value();
  run(file->write(6, Bytes::literal("there"))).value();
  EXPECT_EQ(run(file->read(0, 100)).value().view(), "hello there");
  EXPECT_EQ(run(file->read(4, 3)).value().view(), "o t");
  EXPECT_EQ(run(file->read(9, 100)).value().view(), "re");
  EXPECT_TRUE(run(file->read(11, 5)).value().empty());
  EXPECT_TRUE(run(file->read(500, 5)).value().empty());
  EXPECT_TRUE(run(file->read(0, 0)).value().empty());
  EXPECT_EQ(run(file->size()).value(), 11u);
}

TEST_P(DiskSuite, a_gap_reads_as_zeros) {
  auto file = open("a");
  run(file->write(5, Bytes::literal("x"))).value();
  EXPECT_EQ(run(file->read(0, 10)).value().view(), std::string_view("\0\0\0\0\0x", 6));
}

TEST_P(DiskSuite, truncating_cuts_and_extends) {
  auto file = open("a");
  run(file->write(0, Bytes::literal("abcdef"))).value();
  run(file->truncate(3)).value();
  EXPECT_EQ(run(file->read(0, 10)).value().view(), "abc");
  run(file->truncate(5)).value();
  EXPECT_EQ(run(file->read(0, 10)).value().view(), std::string_view("abc\0\0", 5));
  EXPECT_EQ(run(file->size()).value(), 5u);
}

TEST_P(DiskSuite, a_files_version_is_another_once_it_was_written_or_replaced) {
  auto version = [&] { return run(open("a", OpenMode::read)->version()).value(); };
  put("a", "one");
  auto first = version();
  EXPECT_EQ(version(), first);
  put("a", "one and more");
  auto second = version();
  EXPECT_NE(second, first);
  run(disk.replace_file(path("a"), "one and more")).value();
  EXPECT_NE(version(), second);
}

TEST_P(DiskSuite, many_pieces_are_written_one_after_another) {
  auto file = open("a");
  BytesList list;
  std::string expected;
  for (int i = 0; i < 200; ++i) {
    std::string piece(static_cast<std::size_t>(i % 50), static_cast<char>('a' + i % 26));
    expected += piece;
    list.add(Bytes::copy(piece));
  }
  run(file->write(10, std::move(list))).value();
  run(file->write(0, BytesList())).value();
  EXPECT_EQ(run(file->read(10, 100'000)).value().view(), expected);
}

TEST_P(DiskSuite, modes_say_what_must_be_there) {
  EXPECT_TRUE(run(disk.open(path("a"), OpenMode::read)).error().is(Code::not_found));
  EXPECT_TRUE(run(disk.open(path("no/a"), OpenMode::write)).error().is(Code::not_found));
  put("a", "text");
  EXPECT_TRUE(run(disk.open(path("a"), OpenMode::create_new)).error().is(Code::already_exists));
  EXPECT_EQ(run(open("a", OpenMode::write)->size()).value(), 4u);
  EXPECT_EQ(run(open("a", OpenMode::read)->read(0, 10)).value().view(), "text");
  EXPECT_FALSE(run(open("a", OpenMode::read)->write(0, Bytes::literal("x"))).ok());
  EXPECT_EQ(run(open("a", OpenMode::write_emptied)->size()).value(), 0u);
  EXPECT_EQ(run(open("b", OpenMode::create_new)->size()).value(), 0u);
}

TEST_P(DiskSuite, renaming_replaces_and_an_open_file_goes_along) {
  put("a", "new");
  put("b", "old");
  auto old = open("b", OpenMode::read);
  auto renamed = open("a");
  run(disk.rename(path("a"), path("b"))).value();
  EXPECT_EQ(text("b"), "new");
  EXPECT_TRUE(run(disk.read_file(path("a"))).error().is(Code::not_found));
  EXPECT_EQ(run(old->read(0, 10)).value().view(), "old");  // no name leads there any more
  run(renamed->write(0, Bytes::literal("NEW"))).value();
  EXPECT_EQ(text("b"), "NEW");
  EXPECT_TRUE(run(disk.rename(path("x"), path("y"))).error().is(Code::not_found));
  EXPECT_TRUE(run(disk.rename(path("b"), path("no/b"))).error().is(Code::not_found));
}

TEST_P(DiskSuite, a_folder_is_renamed_with_what_is_in_it) {
  run(disk.make_folder(path("a/b"))).value();
  put("a/b/file", "text");
  run(disk.rename(path("a"), path("c"))).value();
  EXPECT_EQ(text("c/b/file"), "text");
  EXPECT_TRUE(run(disk.list(path("a"))).error().is(Code::not_found));
}

TEST_P(DiskSuite, a_removed_file_lives_on_where_it_is_open) {
  put("a", "text");
  auto file = open("a", OpenMode::read);
  run(disk.remove(path("a"))).value();
  EXPECT_EQ(run(file->read(0, 10)).value().view(), "text");
  EXPECT_TRUE(run(disk.remove(path("a"))).error().is(Code::not_found));
  put("a", "other");
  EXPECT_EQ(run(file->read(0, 10)).value().view(), "text");
}

TEST_P(DiskSuite, folders_are_made_with_their_parents_listed_and_removed_when_empty) {
  run(disk.make_folder(path("a/b/c"))).value();
  run(disk.make_folder(path("a/b/c"))).value();
  put("a/file", "12345");
  auto entries = listed(path("a"));
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_TRUE(entries["b"].is_folder);
  EXPECT_FALSE(entries["file"].is_folder);
  EXPECT_EQ(entries["file"].size, 5u);
  EXPECT_TRUE(run(disk.remove(path("a"))).error().is(Code::already_exists));
  run(disk.remove(path("a/b/c"))).value();
  EXPECT_TRUE(listed(path("a/b")).empty());
  EXPECT_TRUE(run(disk.list(path("none"))).error().is(Code::not_found));
  EXPECT_TRUE(run(disk.list(path("a/file"))).error().is(Code::not_found));
}

TEST_P(DiskSuite, a_durable_folder_is_made_with_its_parents) {
  run(disk.make_durable_folder(path("a/b/c"))).value();
  run(disk.make_durable_folder(path("a/b/c"))).value();
  EXPECT_TRUE(listed(path("a/b"))["c"].is_folder);
  put("file", "text");
  EXPECT_TRUE(run(disk.make_durable_folder(path("file"))).error().is(Code::already_exists));
}

TEST_P(DiskSuite, a_folder_is_not_made_where_a_file_is) {
  put("a", "text");
  EXPECT_TRUE(run(disk.make_folder(path("a"))).error().is(Code::already_exists));
  EXPECT_FALSE(run(disk.make_folder(path("a/b"))).ok());
}

TEST_P(DiskSuite, syncing_answers) {
  put("a", "text");
  run(open("a")->sync()).value();
  run(disk.sync_folder(folder)).value();
  EXPECT_TRUE(run(disk.sync_folder(path("none"))).error().is(Code::not_found));
  EXPECT_GT(run(disk.free_bytes(folder)).value(), 0u);
}

TEST_P(DiskSuite, replacing_a_file_leaves_nothing_beside_it) {
  run(disk.replace_file(path("a"), "one")).value();
  EXPECT_EQ(text("a"), "one");
  run(disk.replace_file(path("a"), "two, and longer")).value();
  EXPECT_EQ(text("a"), "two, and longer");
  run(disk.replace_file(path("a"), "")).value();
  EXPECT_EQ(text("a"), "");
  EXPECT_EQ(listed(folder).size(), 1u);
}

TEST_P(DiskSuite, a_file_that_is_too_large_is_not_read_as_a_whole) {
  put("a", std::string(1000, 'x'));
  EXPECT_TRUE(run(disk.read_file(path("a"), 999)).error().is(Code::overloaded));
  EXPECT_EQ(run(disk.read_file(path("a"), 1000)).value().size(), 1000u);
}

TEST_P(DiskSuite, operations_may_overlap) {
  auto file = open("a");
  std::vector<Deferred<void>> writes;
  for (int i = 0; i < 100; ++i) {
    std::string piece(1000, static_cast<char>('a' + i % 26));
    writes.push_back(file->write(static_cast<std::uint64_t>(i) * 1000, Bytes::copy(piece)));
  }
  run(Deferred<void>(gather_results(std::move(writes)))).value();
  std::vector<Deferred<Bytes>> reads;
  for (int i = 0; i < 100; ++i) {
    reads.push_back(file->read(static_cast<std::uint64_t>(i) * 1000, 1000));
  }
  auto parts = run(Deferred<std::vector<Bytes>>(gather_results(std::move(reads)))).value();
  for (std::size_t i = 0; i < 100; ++i) {
    EXPECT_EQ(parts[i].view(), std::string(1000, static_cast<char>('a' + i % 26)));
  }
}

TEST_P(DiskSuite, an_operation_outlives_its_file) {
  auto file = open("a");
  auto written = file->write(0, Bytes::copy(std::string(100'000, 'x')));
  file.reset();
  run(std::move(written)).value();
  EXPECT_EQ(text("a").size(), 100'000u);
}

TEST_P(DiskSuite, an_operation_that_is_cancelled_or_dropped_happened_or_not) {
  for (int i = 0; i < 20; ++i) {
    put("a", "old");
    auto file = open("a");
    auto cancelled = file->write(0, Bytes::literal("new"));
    auto dropped = disk.rename(path("a"), path("b"));
    for (int turns = i % 3; turns > 0; --turns) suite->turn();
    cancelled.cancel();
    dropped.reset();
    auto result = run(std::move(cancelled));
    EXPECT_TRUE(result.ok() || result.error().is(Code::cancelled));
    suite->run_for(2ms);
    std::string content = run(file->read(0, 10)).value().text();
    EXPECT_TRUE(content == "old" || content == "new") << content;
    auto at_a = run(disk.read_file(path("a")));
    auto at_b = run(disk.read_file(path("b")));
    EXPECT_TRUE(at_a.ok() || at_b.ok());
    if (at_b.ok()) run(disk.remove(path("b"))).value();
  }
}

TEST_P(DiskSuite, a_long_name_is_refused) {
  EXPECT_TRUE(
      run(disk.open(path(std::string(300, 'x')), OpenMode::write)).error().is(Code::invalid));
}

}  // namespace berth
