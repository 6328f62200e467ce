#include "storage/rocks_database.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/table.h>

#include <exception>

#include "storage/rocks_codec.h"

namespace berth::storage::rocks {
namespace {

constexpr std::size_t write_buffer_bytes = 2 << 20;
constexpr std::uint64_t room_bytes_min = 4 * write_buffer_bytes;

rocksdb::Env* env_of(const RocksOptions& options) {
  return options.env ? options.env : rocksdb::Env::Default();
}

rocksdb::Options small_database(const RocksOptions& from) {
  rocksdb::Options options;
  options.env = env_of(from);
  options.create_if_missing = true;
  options.write_buffer_size = write_buffer_bytes;
  options.arena_block_size = 64 << 10;
  options.target_file_size_base = 8 << 20;
  options.max_bytes_for_level_base = 32 << 20;
  options.max_manifest_file_size = 4 << 20;
  options.max_background_jobs = 2;
  options.max_open_files = 128;
  options.compression = rocksdb::kLZ4Compression;
  // One writer: nothing is gained by the structures for many.
  options.allow_concurrent_memtable_write = false;
  options.info_log_level = rocksdb::WARN_LEVEL;
  options.max_log_file_size = 256 << 10;
  options.keep_log_file_num = 2;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(2 << 20, 0);
  table.format_version = 5;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

Result<void> make_format(rocksdb::DB& database, const std::string& folder) {
  std::unique_ptr<rocksdb::Iterator> first(database.NewIterator(rocksdb::ReadOptions()));
  first->SeekToFirst();
  if (!first->status().ok()) return error_of(first->status(), folder);
  if (first->Valid()) {
    return Error(Code::invalid, "the folder " + folder +
                                    " holds a RocksDB database that is not Berth's; give the "
                                    "store a folder of its own");
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  auto status = database.Put(synced, std::string(format_key), encode_number(format_version));
  if (!status.ok()) return error_of(status, folder);
  return {};
}

Result<void> check_format(rocksdb::DB& database, const std::string& folder) {
  std::string value;
  auto status = database.Get(rocksdb::ReadOptions(), std::string(format_key), &value);
  if (status.IsNotFound()) return make_format(database, folder);
  if (!status.ok()) return error_of(status, folder);
  std::uint64_t version = TRY(decode_number(value));
  if (version == format_version) return {};
  return Error(Code::unsupported, "the store in " + folder + " has format " +
                                      std::to_string(version) + ", this Berth reads " +
                                      std::to_string(format_version) +
                                      "; run the Berth that wrote it, or use another folder");
}

bool says(const std::string& text, const char* words) {
  return text.find(words) != std::string::npos;
}

}  // namespace

Error error_of(const rocksdb::Status& status, const std::string& folder) {
  std::string text = status.ToString();
  if (status.IsNoSpace()) {
    return {Code::disk_full, "no room is left on the disk of " + folder +
                                 "; free some, and the store goes on by itself (" + text + ")"};
  }
  // RocksDB tells a held lock and missing rights by its text alone.
  if (says(text, "lock file:") || says(text, "lock hold by")) {
    return {Code::in_use, "the store in " + folder +
                              " is open in another process; stop that one, or use another folder"};
  }
  if (says(text, "Permission denied")) {
    return {Code::denied, "the store in " + folder + " may not be read or written: " + text};
  }
  if (status.IsCorruption()) {
    return {Code::io, "the store in " + folder + " is damaged; restore the folder from a backup (" +
                          text + ")"};
  }
  if (status.IsInvalidArgument()) {
    return {Code::invalid, "the folder " + folder + " holds no store of Berth's: " + text};
  }
  return {Code::io, "the store in " + folder + " cannot be read or written: " + text};
}

Result<std::unique_ptr<rocksdb::DB>> open_database(const RocksOptions& options) {
  try {
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::Open(small_database(options), options.folder, &opened);
    std::unique_ptr<rocksdb::DB> database(opened);
    if (!status.ok()) return error_of(status, options.folder);
    TRY(check_format(*database, options.folder));
    return database;
  } catch (const std::exception& thrown) {  // of starting threads, of memory
    return Error(Code::unavailable,
                 "the store in " + options.folder + " cannot be opened: " + thrown.what());
  }
}

bool has_room(const RocksOptions& options) {
  std::uint64_t free_bytes = 0;
  auto status = env_of(options)->GetFreeSpace(options.folder, &free_bytes);
  return !status.ok() || free_bytes >= room_bytes_min;
}

}  // namespace berth::storage::rocks
