#include "sim/names.h"

#include <algorithm>
#include <set>

#include "base/strings.h"

namespace berth::sim {

std::string Names::clean(const std::string& path) {
  std::string out;
  for (auto part : split(path, '/')) {
    if (!part.empty() && part != ".") out += "/" + std::string(part);
  }
  return out.empty() ? "/" : out;
}

std::string Names::folder_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<void> Names::need_folder(const std::string& path) const {
  auto found = seen_.find(path);
  if (found == seen_.end()) return Error(Code::not_found, "there is no folder " + path);
  if (found->second) return Error(Code::not_found, path + " is no folder");
  return {};
}

Result<void> Names::need_place(const std::string& path) const {
  if (path.size() - path.rfind('/') - 1 > name_bytes_max) {
    return Error(Code::invalid, "a name of more than 255 bytes: " + path);
  }
  return need_folder(folder_of(path));
}

bool Names::empty_folder(const std::string& path) const {
  auto next = seen_.upper_bound(path + "/");
  return next == seen_.end() || !next->first.starts_with(path + "/");
}

Result<std::shared_ptr<Inode>> Names::find(const std::string& path) const {
  auto found = seen_.find(path);
  if (found == seen_.end()) return Error(Code::not_found, "there is no " + path);
  return found->second;
}

Result<std::shared_ptr<Inode>> Names::create(const std::string& path) {
  TRY(need_place(path));
  auto inode = std::make_shared<Inode>();
  change({path, {}, inode});
  return inode;
}

Result<void> Names::make_folders(const std::string& path) {
  std::string so_far;
  for (auto part : split(path.substr(1), '/')) {
    so_far += "/" + std::string(part);
    if (so_far == "/") continue;
    auto found = seen_.find(so_far);
    if (found == seen_.end()) {
      change({so_far, {}, nullptr});
    } else if (found->second) {
      return Error(Code::already_exists,
                   "making the folder " + path + ": " + so_far + " is a file");
    }
  }
  return {};
}

Result<void> Names::rename(const std::string& from, const std::string& to) {
  auto inode = TRY(find(from));
  TRY(need_place(to));
  if (from == to) return {};
  if (auto other = seen_.find(to); other != seen_.end()) {
    bool fits = (inode != nullptr) == (other->second != nullptr);
    if (!fits || (!inode && !empty_folder(to))) {
      return Error(Code::already_exists, "renaming " + from + ": " + to + " is there");
    }
  }
  change({to, from, inode});
  return {};
}

Result<void> Names::remove(const std::string& path) {
  auto inode = TRY(find(path));
  if (!inode && !empty_folder(path)) {
    return Error(Code::already_exists, "removing " + path + ": it is not empty");
  }
  change({{}, path, inode});
  return {};
}

Result<std::vector<FolderEntry>> Names::list(const std::string& path) const {
  TRY(need_folder(path));
  std::vector<FolderEntry> entries;
  std::string prefix = path == "/" ? "/" : path + "/";
  for (auto each = seen_.upper_bound(prefix); each != seen_.end(); ++each) {
    if (!each->first.starts_with(prefix)) break;
    std::string name = each->first.substr(prefix.size());
    if (name.find('/') != std::string::npos) continue;
    entries.push_back({name, !each->second, each->second ? each->second->size() : 0});
  }
  return entries;
}

Result<void> Names::sync_folder(const std::string& path, std::uint64_t made) {
  TRY(need_folder(path));
  std::erase_if(changes_, [&](const Change& change) {
    if (change.number > made || folder_of(change.decisive()) != path) return false;
    apply(stable_, change);
    return true;
  });
  return {};
}

std::uint64_t Names::bytes() const {
  std::uint64_t all = 0;
  for (auto& [path, inode] : seen_) all += inode ? inode->size() : 0;
  return all;
}

void Names::change(Change change) {
  change.number = ++changes_made_;
  apply(seen_, change);
  changes_.push_back(std::move(change));
}

void Names::apply(Map& map, const Change& change) {
  if (!change.from.empty()) map.erase(change.from);
  if (change.path.empty()) return;
  map[change.path] = change.inode;
  if (change.inode || change.from.empty()) return;
  // A folder takes along what is in it.
  std::string prefix = change.from + "/";
  for (auto each = map.upper_bound(prefix); each != map.end() && each->first.starts_with(prefix);) {
    auto moved = map.extract(each++);
    moved.key() = change.path + "/" + moved.key().substr(prefix.size());
    map.insert(std::move(moved));
  }
}

void Names::lose_power(Random& random) {
  // Each folder's changes are written in order, up to some point.
  std::map<std::string, std::size_t> left;
  for (auto& change : changes_) ++left[folder_of(change.decisive())];
  for (auto& [folder, count] : left) count = random.below(count + 1);
  for (auto& change : changes_) {
    std::size_t& here = left[folder_of(change.decisive())];
    if (here == 0) continue;
    --here;
    if (change.from.empty() || stable_.contains(change.from)) apply(stable_, change);
  }
  changes_.clear();
  for (auto each = stable_.begin(); each != stable_.end();) {
    auto folder = stable_.find(folder_of(each->first));
    bool stands = folder != stable_.end() && !folder->second;
    each = stands ? std::next(each) : stable_.erase(each);
  }
  seen_ = stable_;
  std::set<Inode*> done;  // an inode may have two names for a moment
  for (auto& [path, inode] : seen_) {
    if (inode && done.insert(inode.get()).second) inode->lose_power(random);
  }
}

}  // namespace berth::sim
