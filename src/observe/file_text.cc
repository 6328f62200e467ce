#include "observe/file_text.h"

namespace berth::observe {

Deferred<std::string> file_text(Disk& disk, std::string path, std::size_t bytes_max) {
  if (path.empty()) co_return std::string();
  auto text = co_await disk.read_file(std::move(path), bytes_max).result();
  if (text.ok()) co_return std::move(*text);
  if (text.error().is(Code::cancelled)) co_return std::move(text).error();
  if (text.error().is(Code::not_found)) co_return std::string();
  co_return "unreadable: " + text.error().text();
}

}  // namespace berth::observe
