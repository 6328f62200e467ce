// What llhttp in its strict form makes of requests: see verdict.h.
#include <llhttp.h>

#include "verdict.h"

namespace {

struct Judge {
  std::string line;
  std::string target;
  std::size_t body_bytes = 0;
  bool closed = false;
};
Judge& judge(llhttp_t* parser) { return *static_cast<Judge*>(parser->data); }

int begin(llhttp_t* parser) {
  judge(parser).target.clear();
  judge(parser).body_bytes = 0;
  return 0;
}
int take_target(llhttp_t* parser, const char* at, std::size_t size) {
  judge(parser).target.append(at, size);
  return 0;
}
int take_body(llhttp_t* parser, const char*, std::size_t size) {
  judge(parser).body_bytes += size;
  return 0;
}
int complete(llhttp_t* parser) {
  auto method = llhttp_method_name(static_cast<llhttp_method_t>(llhttp_get_method(parser)));
  verdict::note(judge(parser).line, method, judge(parser).target, judge(parser).body_bytes);
  judge(parser).closed = llhttp_should_keep_alive(parser) == 0;
  return judge(parser).closed ? HPE_PAUSED : 0;
}

}  // namespace

int main() {
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_message_begin = begin;
  settings.on_url = take_target;
  settings.on_body = take_body;
  settings.on_message_complete = complete;
  std::string bytes;
  while (verdict::next_case(bytes)) {
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    Judge told;
    parser.data = &told;
    auto error = llhttp_execute(&parser, bytes.data(), bytes.size());
    bool fine = error == HPE_OK || error == HPE_PAUSED || error == HPE_PAUSED_UPGRADE;
    std::printf("%s%s\n", told.line.c_str(), !fine ? "refused" : told.closed ? "closed" : "open");
  }
}
