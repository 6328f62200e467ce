#include "runtime/command_line.h"

#include <gtest/gtest.h>

namespace berth::runtime {
namespace {

using Words = std::vector<std::string>;

Words split_line(std::string_view line) {
  auto words = command_arguments(line);
  return words.ok() ? *words : Words{"error: " + words.error().text()};
}

TEST(CommandLine, simple_words_run_without_a_shell) {
  EXPECT_EQ(split_line("python3 app.py --port 80"), (Words{"python3", "app.py", "--port", "80"}));
  EXPECT_EQ(split_line("  ./prepare\t--run  web "), (Words{"./prepare", "--run", "web"}));
  EXPECT_EQ(split_line("a key=value {\"x\":1}"), (Words{"a", "key=value", "{x:1}"}));
}

TEST(CommandLine, quotes_and_backslashes_are_taken_away_as_a_shell_does) {
  EXPECT_EQ(split_line(R"(a 'b c' "d e" f\ g '' "")"), (Words{"a", "b c", "d e", "f g", "", ""}));
  EXPECT_EQ(split_line(R"(a "say \"hi\" \n" it's ok'fine)"),
            (Words{"a", R"(say "hi" \n)", "its okfine"}));
  EXPECT_EQ(split_line(R"(node -e 'console.log("$PORT | * ; x")')"),
            (Words{"node", "-e", R"(console.log("$PORT | * ; x"))"}));
}

TEST(CommandLine, one_command_with_shell_syntax_is_executed_by_the_shell_in_its_place) {
  EXPECT_EQ(split_line("python3 -m http.server $PORT"),
            (Words{"/bin/sh", "-c", "exec python3 -m http.server $PORT"}));
  EXPECT_EQ(split_line("app \"--port=$PORT\" 2>&1"),
            (Words{"/bin/sh", "-c", "exec app \"--port=$PORT\" 2>&1"}));
  EXPECT_EQ(split_line("app *.conf"), (Words{"/bin/sh", "-c", "exec app *.conf"}));
  EXPECT_EQ(split_line("app ~/x"), (Words{"/bin/sh", "-c", "exec app ~/x"}));
}

TEST(CommandLine, several_commands_built_ins_and_assignments_are_the_shells) {
  for (auto line : {"a && b", "a | b", "a; b", "(a)", "cd x", "LEVEL=1 app", "exec app", "a &",
                    "if true; then a; fi", "trap x TERM"}) {
    EXPECT_EQ(split_line(line), (Words{"/bin/sh", "-c", line}));
  }
  EXPECT_EQ(split_line("'cd' x"), (Words{"cd", "x"}));
}

TEST(CommandLine, program_is_known_where_no_shell_decides_it) {
  EXPECT_EQ(command_program("python3 app.py"), "python3");
  EXPECT_EQ(command_program("python3 app.py --port $PORT"), "python3");
  EXPECT_EQ(command_program("'./my app' | tee x"), "./my app");
  for (auto line : {"$PYTHON app.py", "cd x && app", "A=1 app", "(app)", "app 'x"}) {
    EXPECT_EQ(command_program(line), "") << line;
  }
}

TEST(CommandLine, what_cannot_be_a_command_is_told) {
  EXPECT_EQ(split_line("  "), (Words{"error: the command is empty"}));
  EXPECT_EQ(split_line("a 'b"), (Words{"error: a ' is not closed in the command a 'b"}));
  EXPECT_EQ(split_line("a \"b"), (Words{"error: a \" is not closed in the command a \"b"}));
}

}  // namespace
}  // namespace berth::runtime
