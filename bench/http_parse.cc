// Reads heads of requests with Berth's parser and with llhttp, in turns. For each head one line:
//   NAME BYTES BERTH_NS LLHTTP_NS LLHTTP_BARE_NS ALLOCATIONS
// Nanoseconds a head: the least of the rounds. Both give each field's name and value as views;
// llhttp "bare" calls nobody, so that it tells nothing of what it read.
#include <llhttp.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "http/h1_parser.h"
#include "http_heads.h"
#include "measure.h"

namespace {

using berth::Bytes;

/// What a program keeps of a head that llhttp reads: views, as Berth's Headers does.
struct Message {
  std::string_view target;
  std::vector<berth::http::Header> fields;
  bool complete = false;
};

template <auto member>
int field_part(llhttp_t* parser, const char* at, std::size_t size) {
  auto& fields = static_cast<Message*>(parser->data)->fields;
  if constexpr (member == &berth::http::Header::name) fields.emplace_back();
  fields.back().*member = {at, size};
  return 0;
}

llhttp_settings_t settings(bool bare) {
  llhttp_settings_t all;
  llhttp_settings_init(&all);
  if (bare) return all;
  all.on_url = [](llhttp_t* parser, const char* at, std::size_t size) {
    static_cast<Message*>(parser->data)->target = {at, size};
    return 0;
  };
  all.on_header_field = field_part<&berth::http::Header::name>;
  all.on_header_value = field_part<&berth::http::Header::value>;
  all.on_headers_complete = [](llhttp_t* parser) {
    static_cast<Message*>(parser->data)->complete = true;
    return 0;
  };
  return all;
}

void require(bool holds, const char* name) {
  if (holds) return;
  std::fprintf(stderr, "the head '%s' was not read\n", name);
  std::exit(1);
}

void berth_reads(const NamedHead& head, const Bytes& bytes) {
  berth::http::HeadFinder finder;
  auto parsed = berth::http::parse_request(bytes.slice(0, finder.find(bytes.view())));
  require(parsed.ok(), head.name);
  keep(parsed->headers.size());
}

void llhttp_reads(const NamedHead& head, const llhttp_settings_t& callbacks, bool bare) {
  llhttp_t parser;
  llhttp_init(&parser, HTTP_REQUEST, &callbacks);
  Message message;
  message.fields.reserve(16);
  parser.data = &message;
  auto error = llhttp_execute(&parser, head.text.data(), head.text.size());
  require(error == HPE_OK && (bare || message.complete), head.name);
  keep(message.fields.size());
}

}  // namespace

int main() {
  auto with = settings(false);
  auto bare = settings(true);
  for (auto& head : heads) {
    Bytes bytes = Bytes::copy(head.text);
    Rounds ours, theirs, theirs_bare;
    for (int round = 0; round < 15; ++round) {
      ours.add(200'000, [&] { berth_reads(head, bytes); });
      theirs.add(200'000, [&] { llhttp_reads(head, with, false); });
      theirs_bare.add(200'000, [&] { llhttp_reads(head, bare, true); });
    }
    std::printf("%s %zu %.1f %.1f %.1f %.2f\n", head.name, head.text.size(), ours.nanoseconds(),
                theirs.nanoseconds(), theirs_bare.nanoseconds(), ours.allocations());
  }
}
