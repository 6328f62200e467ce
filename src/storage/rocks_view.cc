#include "storage/rocks_view.h"

#include <algorithm>

#include "storage/rocks_codec.h"
#include "storage/rocks_database.h"

namespace berth::storage::rocks {
namespace {

const rocksdb::Slice log_end_key("m");    // behind all that begins with l
const rocksdb::Slice lease_end_key("u");  // behind all that begins with t

}  // namespace

View::View(rocksdb::DB& database, const std::string& folder)
    : database_(database), folder_(folder) {
  options_.snapshot = database.GetSnapshot();
}

View::~View() { database_.ReleaseSnapshot(options_.snapshot); }

Error View::error(const rocksdb::Status& status) const { return error_of(status, folder_); }

View::Iterator View::iterate(const std::string& begin, const rocksdb::Slice& end) {
  rocksdb::ReadOptions options = options_;
  options.iterate_upper_bound = &end;
  Iterator place(database_.NewIterator(options));
  place->Seek(begin);
  return place;
}

Result<std::optional<std::string>> View::value_at(const std::string& key) {
  std::string value;
  auto status = database_.Get(options_, key, &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return error(status);
  return std::optional(std::move(value));
}

Result<std::uint64_t> View::number_at(std::string_view key) {
  auto value = TRY(value_at(std::string(key)));
  if (!value) return std::uint64_t{0};
  return decode_number(*value);
}

template <class F>
Result<void> View::each_record(Revision after, F take) {
  auto place = iterate(log_key(after + 1), log_end_key);
  for (; place->Valid(); place->Next()) {
    Revision revision = TRY(number_of(place->key().ToStringView()));
    if (!take(TRY(decode_record(revision, place->value().ToStringView())))) return {};
  }
  if (!place->status().ok()) return error(place->status());
  return {};
}

Result<std::optional<Entry>> View::get(const std::string& key) {
  auto value = TRY(value_at(entry_key(key)));
  if (!value) return std::optional<Entry>();
  return std::optional(TRY(decode_entry(key, *value)));
}

Result<Page> View::read(const Range& range) {
  Revision present = TRY(number_at(present_key));
  TRY(check_range(range, present, TRY(number_at(compacted_key))));
  Past past;
  if (range.at != 0) {
    TRY(each_record(range.at, [&](const Record& record) {
      look_back(past, record.committed, range);
      return true;
    }));
  }
  std::string end = range.end.empty() ? "f" : entry_key(range.end);
  rocksdb::Slice bound(end);
  auto place = iterate(entry_key(range.begin), bound);
  auto next = [&]() -> Result<std::optional<Entry>> {
    if (!place->Valid()) {
      if (!place->status().ok()) return error(place->status());
      return std::optional<Entry>();
    }
    auto key = place->key().ToStringView().substr(1);
    Entry entry = TRY(decode_entry(key, place->value().ToStringView()));
    place->Next();
    return std::optional(std::move(entry));
  };
  return page_of(range, range.at ? range.at : present, past, next);
}

Result<Gathered> View::changes(const Range& range, Revision after) {
  Revision compacted = TRY(number_at(compacted_key));
  if (after < compacted) {
    return Error(Code::compacted, "what followed revision " + std::to_string(after) +
                                      " is gone up to " + std::to_string(compacted) +
                                      ": list again and watch from there");
  }
  Gathered found;
  found.up_to = after;
  TRY(each_record(after, [&](const Record& record) { return found.add(record.committed, range); }));
  return found;
}

Result<Standpoint> View::standpoint() {
  Standpoint now;
  now.present = TRY(number_at(present_key));
  now.compacted = TRY(number_at(compacted_key));
  now.last_lease = TRY(number_at(last_lease_key));
  auto place = iterate(log_key(now.compacted + 1), log_end_key);
  Revision last = now.compacted;
  if (place->Valid()) {
    now.log_begin = TRY(decode_position(place->value().ToStringView()));
    place->SeekToLast();
    last = TRY(number_of(place->key().ToStringView()));
    now.log_end = TRY(decode_position(place->value().ToStringView())) + place->value().size();
  }
  if (!place->status().ok()) return error(place->status());
  if (last == now.present) return now;
  return Error(Code::io, "the store in " + folder_ + " is damaged: it stands at revision " +
                             std::to_string(now.present) + ", its log ends at " +
                             std::to_string(last) + "; restore the folder from a backup");
}

Result<std::vector<std::pair<LeaseId, std::uint32_t>>> View::leases() {
  std::vector<std::pair<LeaseId, std::uint32_t>> all;
  auto place = iterate(lease_key(0), lease_end_key);
  for (; place->Valid(); place->Next()) {
    LeaseId lease = TRY(number_of(place->key().ToStringView()));
    std::uint64_t seconds = TRY(decode_number(place->value().ToStringView()));
    all.emplace_back(lease, std::min<std::uint64_t>(seconds, lease_seconds_max));
  }
  if (!place->status().ok()) return error(place->status());
  return all;
}

Result<std::vector<Committed>> View::revisions_after(Revision after) {
  std::vector<Committed> all;
  TRY(each_record(after, [&](Record record) {
    all.push_back(std::move(record.committed));
    return true;
  }));
  return all;
}

Result<std::pair<Revision, std::uint64_t>> View::first_within(Revision after, std::uint64_t log_end,
                                                              std::uint64_t bytes_max) {
  Revision next = after + 1;
  auto place = iterate(log_key(next), log_end_key);
  for (; place->Valid(); place->Next(), ++next) {
    std::uint64_t position = TRY(decode_position(place->value().ToStringView()));
    if (log_end - position <= bytes_max) return std::pair(next, position);
  }
  if (!place->status().ok()) return error(place->status());
  return std::pair(next, log_end);
}

}  // namespace berth::storage::rocks
