#include "base/toml_text.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(TomlText, what_is_read_from_it_is_the_same_again) {
  auto value = TomlValue::parse(R"toml(
text = "a \"quoted\" \\ text\twith\nlines, é and \u0001"
literal = 'C:\x'
numbers = [1, -2, 9223372036854775807]
shares = [0.5, 1.0, 1e300, -0.0]
on = true
"odd key" = ""
[table]
inner = { a = "b", list = [{ x = 1 }, {}], none = [] }
[[tables]]
name = "one"
)toml",
                                "a.toml");
  ASSERT_TRUE(value.ok()) << value.error().text();
  std::string once = toml_text(*value);
  EXPECT_EQ(once.find('\n'), once.npos);
  auto again = TomlValue::parse("v = " + once, "b.toml");
  ASSERT_TRUE(again.ok()) << again.error().text() << once;
  EXPECT_EQ(toml_text(*again->find("v")), once);
  EXPECT_EQ(*again->find("v")->find("text")->string(), *value->find("text")->string());
  EXPECT_EQ(*again->find("v")->find("literal")->string(), "C:\\x");
  EXPECT_EQ(again->find("v")->find("shares")->items()[1].floating() != nullptr, true);
  EXPECT_EQ(toml_text(*value->find("table")),
            "{ inner = { a = \"b\", list = [{ x = 1 }, {}], none = [] } }");
}

}  // namespace
}  // namespace berth
