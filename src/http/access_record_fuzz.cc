#include "http/access_record.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  auto record = berth::http::decode_access_record({reinterpret_cast<const char*>(data), size});
  if (record && berth::http::haproxy_line(*record).empty()) __builtin_trap();
  return 0;
}
