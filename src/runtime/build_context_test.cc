#include "runtime/build_context.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "runtime/host_suite.h"
#include "runtime/ignore_rules.h"

namespace berth::runtime {
namespace {

namespace fs = std::filesystem;

TEST(IgnoreRules, patterns_hold_as_docker_reads_them) {
  IgnoreRules rules = IgnoreRules::parse(
      "# "
      "comment\n\n/build\n*.log\ntemp?\n**/*.pyc\ndocs/**\n!docs/keep.md\n[a-c]x\n\\*star\n./dot/"
      "\n");
  for (auto path : {"build", "build/a/b", "x.log", "temp1", "a.pyc", "a/b/c.pyc", "docs/x",
                    "docs/a/b", "ax", "bx/y", "*star", "dot/in"}) {
    EXPECT_TRUE(rules.ignored(path)) << path;
  }
  for (auto path : {"src/build", "a/x.log", "temp", "temp12", "docs", "docs/keep.md", "dx", "star",
                    "a.py", "dotted"}) {
    EXPECT_FALSE(rules.ignored(path)) << path;
  }
  EXPECT_TRUE(rules.has_exceptions());
}

TEST(IgnoreRules, last_pattern_that_holds_decides) {
  IgnoreRules rules = IgnoreRules::parse("*\n!.build/stock\n.build/stock/secret\n");
  EXPECT_TRUE(rules.ignored("main.cc"));
  EXPECT_TRUE(rules.ignored(".build/other"));
  EXPECT_FALSE(rules.ignored(".build/stock"));
  EXPECT_FALSE(rules.ignored(".build/stock/a"));
  EXPECT_TRUE(rules.ignored(".build/stock/secret"));
  EXPECT_FALSE(IgnoreRules::parse("").ignored("a"));
}

struct BuildContextTest : HostTest {
  std::vector<std::string> names() {
    auto entries = run(build_context(disk, folder + "/app")).value();
    std::vector<std::string> out;
    for (auto& entry : entries) out.push_back(entry.name);
    std::ranges::sort(out);
    return out;
  }
};
using Names = std::vector<std::string>;

TEST_F(BuildContextTest, holds_what_is_not_ignored_and_always_the_dockerfile) {
  write("app/Dockerfile", "FROM scratch\n");
  write("app/.dockerignore", "*\n!src/keep\n");
  write("app/src/keep/a.txt", "a");
  write("app/src/other/b.txt", "b");
  write("app/c.txt", "c");
  EXPECT_EQ(names(), (Names{".dockerignore", "Dockerfile", "src/keep", "src/keep/a.txt"}));
}

TEST_F(BuildContextTest, folder_without_a_dockerfile_is_told) {
  write("app/x", "x");
  auto built = run(build_context(disk, folder + "/app"));
  ASSERT_FALSE(built.ok());
  EXPECT_TRUE(built.error().text().starts_with("there is no Dockerfile in " + folder + "/app"));
  EXPECT_FALSE(run(build_context(disk, folder + "/nowhere")).ok());
}

/// What GNU tar makes of the archive is what stood in the folder.
TEST_F(BuildContextTest, tar_reads_the_archive) {
  std::string deep = std::string(90, 'd') + "/" + std::string(90, 'e') + "/" +
                     std::string(120, 'f') + "/" + std::string(120, 'g');
  write("app/Dockerfile", "FROM scratch\n");
  write("app/empty", "");
  write("app/exact", std::string(512, 'x'));
  write("app/large", std::string(200'000, 'y'));
  write("app/run", "#!/bin/sh\n");
  write("app/" + deep, "deep");
  write("app/" + std::string(90, 'd') + "/" + std::string(80, 'n'), "prefix");
  fs::permissions(folder + "/app/run", fs::perms::owner_all);
  fs::create_symlink("run", folder + "/app/link");
  fs::create_symlink(std::string(150, 'l'), folder + "/app/long-link");
  auto entries = run(build_context(disk, folder + "/app")).value();
  TarSource source(disk, std::move(entries), reactor.wall());
  write("context.tar", run(http::read_all(source, 10 << 20)).value());
  std::string command = "mkdir " + folder + "/out && tar -C " + folder + "/out -xf " + folder +
                        "/context.tar && diff -r --no-dereference " + folder + "/app " + folder +
                        "/out";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_NE(fs::status(folder + "/out/run").permissions() & fs::perms::owner_exec, fs::perms::none);
  EXPECT_EQ(fs::status(folder + "/out/exact").permissions() & fs::perms::owner_exec,
            fs::perms::none);
}

TEST_F(BuildContextTest, file_that_changes_meanwhile_breaks_nothing_but_itself) {
  write("app/Dockerfile", "FROM scratch\n");
  write("app/grown", "12345");
  write("app/shrunk", "12345");
  write("app/z-after", "after");
  auto entries = run(build_context(disk, folder + "/app")).value();
  write("app/grown", std::string(10'000, 'x'));
  write("app/shrunk", "1");
  TarSource source(disk, std::move(entries), reactor.wall());
  write("context.tar", run(http::read_all(source, 10 << 20)).value());
  std::string command =
      "mkdir " + folder + "/out && tar -C " + folder + "/out -xf " + folder + "/context.tar";
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(read("out/grown"), "xxxxx");
  EXPECT_EQ(read("out/shrunk").size(), 5u);
  EXPECT_EQ(read("out/z-after"), "after");
}

}  // namespace
}  // namespace berth::runtime
