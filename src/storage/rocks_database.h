#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "storage/rocks_options.h"

namespace rocksdb {
class DB;
class Status;
}  // namespace rocksdb

namespace berth::storage::rocks {

/// Opens the database in the folder, which exists, for a store that is small and must cost little
/// while it rests; makes it if the folder is empty. Errors: in_use (another process, or another
/// store in this one, holds its lock), unsupported (a newer format), invalid (not one of Berth's),
/// denied, disk_full, io.
Result<std::unique_ptr<rocksdb::DB>> open_database(const RocksOptions& options);

/// What a Status that is not ok means to the operator of `folder`.
Error error_of(const rocksdb::Status& status, const std::string& folder);

/// True if the folder's disk has room for a database to be opened and written to.
bool has_room(const RocksOptions& options);

}  // namespace berth::storage::rocks
