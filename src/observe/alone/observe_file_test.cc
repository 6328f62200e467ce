#include "observe/alone/observe_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "observe/alone/observe_file_suite.h"
#include "tls/authority_suite.h"

namespace berth::observe {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string problem(const std::string& text, const TextFiles& files = {}) {
  auto read = read_observe(text, files);
  return read.ok() ? "" : read.error().text();
}

TEST(ObserveFile, three_lines_are_enough) {
  auto file = read_observe("[[input]]\nkind = \"syslog\"\nlisten = \"0.0.0.0:514\"\n");
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->data, "/etc/berth/observe-data");
  EXPECT_EQ(file->listen.text(), "127.0.0.1:7400");
  ASSERT_EQ(file->inputs.size(), 1U);
  auto& input = file->inputs[0];
  EXPECT_EQ(input.name, "syslog");
  Address any = Address::parse("0.0.0.0:514").value();
  EXPECT_THAT(input.listen, ElementsAre(Place{Place::How::udp, any}, Place{Place::How::tcp, any}));
}

TEST(ObserveFile, reads_every_key) {
  tls::Authority authority;
  auto pem = authority.issue_for("DNS:logs.example");
  TextFiles files = {{"/etc/berth/c.pem", pem.chain.text},
                     {"/etc/berth/k.pem", pem.key.text},
                     {"/ca.pem", authority.pem().text},
                     {"/etc/berth/streams.toml", "[[stream]]\nname = \"all\"\n"}};
  auto file = read_observe(R"(
[observe]
data = "/var/lib/berth"
listen = "tcp:127.0.0.1:9000"
streams = "streams.toml"
series_max = 5000
kept = "7d"
rollups_kept = "30d"
stop_grace = "3s"

[parse.web]
parsers = ["nginx", "grok %{WORD:verb}"]

[[input]]
name = "secure"
kind = "syslog"
listen = ["tls:0.0.0.0:6514", "unix-datagram:log.sock"]
chain = "c.pem"
key = "k.pem"
clients = "/ca.pem"
parse = "web"
service = "nginx"
line_bytes_max = "8KiB"
connections_max = 20
)",
                           files);
  ASSERT_TRUE(file.ok()) << file.error().text();
  EXPECT_EQ(file->data, "/var/lib/berth");
  EXPECT_EQ(file->listen.port(), 9000);
  EXPECT_EQ(file->streams, "/etc/berth/streams.toml");
  EXPECT_EQ(file->series_max, 5000U);
  EXPECT_EQ(file->kept, 168h);
  EXPECT_TRUE(file->pipelines.contains("web"));
  auto& input = file->inputs.at(0);
  EXPECT_EQ(input.listen[0].how, Place::How::tls);
  EXPECT_EQ(input.listen[1].address.path(), "/etc/berth/log.sock");
  EXPECT_EQ(input.secrets.clients_path, "/ca.pem");
  EXPECT_EQ(input.parse, "web");
  EXPECT_EQ(input.line_bytes_max, 8192U);
}

TEST(ObserveFile, tells_where_and_what_was_probably_meant) {
  EXPECT_THAT(problem("[[input]]\nkind = \"sylog\"\n"),
              HasSubstr("observe.toml:2:8: input[0].kind names no kind of input: there is no "
                        "'sylog'; did you mean 'syslog'?"));
  EXPECT_THAT(
      problem("[[input]]\nkind = \"syslog\"\nlisen = \"127.0.0.1:5\"\n"),
      HasSubstr("observe.toml:3:1: unknown key 'lisen' in input[0]; did you mean 'listen'?"));
  EXPECT_THAT(problem("[[input]]\nkind = \"syslog\"\nlisten = \"127.0.0.1\"\n"),
              HasSubstr("observe.toml:3:10: input[0].listen has '127.0.0.1'; it takes an address"));
  EXPECT_THAT(problem("[[input]]\nkind = \"riemann\"\nparse = \"web\"\n"),
              HasSubstr("observe.toml:3:1"));
  EXPECT_THAT(problem("[parse.web]\nparsers = [\"json\"]\n[[input]]\nkind = \"syslog\"\n"
                      "parse = \"wib\"\n"),
              HasSubstr("observe.toml:5:9: input[0].parse names no [parse.wib]; did you mean"));
  EXPECT_THAT(problem("[parse.web]\nparsers = [\"grok %{WROD:a}\"]\n"),
              AllOf(HasSubstr("observe.toml:2:11"), HasSubstr("did you mean 'WORD'?")));
  EXPECT_THAT(problem("[[input]]\nkind = \"syslog\"\n[[input]]\nkind = \"syslog\"\n"),
              AllOf(HasSubstr("give each a name of its own"), HasSubstr("listens on")));
  EXPECT_THAT(problem("[[input]]\nkind = \"syslog\"\nlisten = \"tls:127.0.0.1:6514\"\n"),
              HasSubstr("chain is missing"));
}

TEST(ObserveFile, wrong_streams_are_wrong_here_too) {
  EXPECT_THAT(problem("[observe]\nstreams = \"s.toml\"\n",
                      {{"/etc/berth/s.toml", "[[stream]]\nname = \"a\"\nwhere = \"metric >\"\n"}}),
              AllOf(HasSubstr("observe.toml:2:11"), HasSubstr("s.toml:3:9")));
}

}  // namespace
}  // namespace berth::observe
