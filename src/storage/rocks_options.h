#pragma once

#include <cstddef>
#include <string>

namespace rocksdb {
class Env;
}

namespace berth::storage {

struct RocksOptions {
  std::string folder;  // made if it is missing; nothing else may be in it
  // How far back reads and watches go; beyond, the oldest revisions are compacted.
  std::size_t history_revisions_max = 10'000;
  std::size_t history_bytes_max = 32 << 20;
  // Commits, grants and so on that wait for those on their way; beyond: overloaded.
  std::size_t waiting_max = 4096;
  std::size_t waiting_bytes_max = 64 << 20;
  // How RocksDB reaches the disk; null: its own way. Tests let it fail.
  rocksdb::Env* env = nullptr;
};

}  // namespace berth::storage
