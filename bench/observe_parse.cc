// Reads lines of HAProxy's HTTP log in turns: by the fast path alone, to fields, to JSON, and by
// grok to the same. `observe_parse lines N` prints N such lines instead. For each a line:
//   NAME NANOSECONDS ALLOCATIONS
// CPU time a line, the least of the rounds.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "measure.h"
#include "observe/parse/grok.h"
#include "observe/parse/haproxy_line.h"

namespace {

using namespace berth::observe;

/// As a shop's proxy writes them; no two alike.
std::vector<std::string> lines(std::size_t count) {
  std::vector<std::string> out;
  for (std::size_t i = 0; i < count; ++i) {
    out.push_back(fmt::format(
        "10.0.{}.{}:{} [24/Nov/2026:12:{:02}:{:02}.{:03}] web~ orders/orders-{} 0/0/{}/{}/{} {} {} "
        "- - ---- {}/{}/{}/{}/0 0/0 \"GET /orders/{}/items?page={} HTTP/1.1\"",
        i % 200, i % 251, 32768 + i % 20000, i / 60 % 60, i % 60, i % 1000, i % 7, i % 3, i % 90,
        i % 90 + i % 3, i % 50 ? 200 : 503, 300 + i % 4000, i % 90, i % 80, i % 40, i % 9, i * 7919,
        i % 5));
  }
  return out;
}

void require(bool holds) {
  if (holds) return;
  std::fprintf(stderr, "a line was not read\n");
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "lines") == 0) {
    for (auto& line : lines(std::strtoul(argv[2], nullptr, 10))) std::puts(line.c_str());
    return 0;
  }
  auto all = lines(1000);
  Grok grok = Grok::compile(PatternSet::core(FieldNames::legacy), "\\A%{HAPROXYHTTP}").value();
  Rounds fast, fields, json, general, general_json;
  auto each = [&](Rounds& rounds, auto read) {
    rounds.add_batch(all.size(), [&] {
      for (auto& line : all) require(read(line));
    });
  };
  for (int round = 0; round < 15; ++round) {
    each(fast, [](const std::string& line) {
      HaproxyLine out;
      bool good = read_haproxy_line(line, out);
      keep(out);
      return good;
    });
    each(fields, [](const std::string& line) {
      HaproxyLine out;
      Record record;
      bool good = read_haproxy_line(line, out);
      out.add_fields(record, FieldNames::legacy);
      keep(record);
      return good;
    });
    each(json, [](const std::string& line) {
      HaproxyLine out;
      Record record;
      bool good = read_haproxy_line(line, out);
      out.add_fields(record, FieldNames::legacy);
      keep(record.json().text());
      return good;
    });
    each(general, [&](const std::string& line) {
      Record record;
      bool good = grok.match(line, record);
      keep(record);
      return good;
    });
    each(general_json, [&](const std::string& line) {
      Record record;
      bool good = grok.match(line, record);
      keep(record.json().text());
      return good;
    });
  }
  auto tell = [](const char* name, const Rounds& rounds) {
    std::printf("%s %.1f %.1f\n", name, rounds.nanoseconds(), rounds.allocations());
  };
  tell("fast", fast);
  tell("fields", fields);
  tell("json", json);
  tell("grok", general);
  tell("grok_json", general_json);
}
