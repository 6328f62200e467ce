#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "storage/rules.h"

// The keys and values of a RocksStore's database: docs/formats/store-rocksdb.md.

namespace berth::storage::rocks {

inline constexpr std::uint64_t format_version = 1;
inline constexpr std::string_view format_key = "mformat";
inline constexpr std::string_view present_key = "mpresent";
inline constexpr std::string_view compacted_key = "mcompacted";
inline constexpr std::string_view last_lease_key = "mlease";

std::string entry_key(std::string_view key);
std::string log_key(Revision revision);
std::string lease_key(LeaseId lease);
std::string lease_entry_key(LeaseId lease, std::string_view key);
/// The number at the end of a log key or a lease key.
Result<std::uint64_t> number_of(std::string_view log_or_lease_key);

std::string encode_number(std::uint64_t number);
std::string encode_entry(const Entry& entry);

/// What stands in the log at a revision.
struct Record {
  std::uint64_t position = 0;  // bytes of all records before it since the store was made
  Committed committed;
};
std::string encode_record(const Record& record);

// io: what stands there was not written by this code.
Result<std::uint64_t> decode_number(std::string_view bytes);
Result<Entry> decode_entry(std::string_view key, std::string_view bytes);
Result<Record> decode_record(Revision revision, std::string_view bytes);
/// Its position alone.
Result<std::uint64_t> decode_position(std::string_view bytes);

}  // namespace berth::storage::rocks
