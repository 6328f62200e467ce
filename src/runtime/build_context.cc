#include "runtime/build_context.h"

#include <algorithm>

#include "base/units.h"
#include "runtime/ignore_rules.h"

namespace berth::runtime {
namespace {

constexpr std::size_t ignore_bytes_max = 1 << 20;

struct Walk {
  Disk& disk;
  std::string root;
  IgnoreRules rules;
  std::vector<TarEntry> entries;
  std::uint64_t bytes = 0;
  std::vector<std::string> folders{""};  // relative, still to be listed
};

bool always(const std::string& name) { return name == "Dockerfile" || name == ".dockerignore"; }

Result<void> add(Walk& walk, std::string name, const FolderEntry& found) {
  bool ignored = walk.rules.ignored(name) && !always(name);
  bool folder = found.is_folder && found.link.empty();
  if (folder && (!ignored || walk.rules.has_exceptions())) walk.folders.push_back(name);
  if (ignored) return {};
  TarEntry entry{name, walk.root + "/" + name, 0, folder, found.executable, found.link};
  if (!folder && found.link.empty()) entry.size = found.size;
  walk.bytes += entry.size;
  walk.entries.push_back(std::move(entry));
  if (walk.entries.size() <= context_files_max && walk.bytes <= context_bytes_max) return {};
  return Error(Code::overloaded,
               walk.root + " holds more than " + std::to_string(context_files_max) + " files or " +
                   write_size(static_cast<std::int64_t>(context_bytes_max)) +
                   ": leave out what the build does not need in " + walk.root + "/.dockerignore");
}

}  // namespace

Deferred<std::vector<TarEntry>> build_context(Disk& disk, std::string folder) {
  Walk walk{disk, folder, {}, {}};
  auto ignore = co_await disk.read_file(folder + "/.dockerignore", ignore_bytes_max).result();
  if (ignore.ok()) {
    walk.rules = IgnoreRules::parse(*ignore);
  } else if (!ignore.error().is(Code::not_found)) {
    co_return std::move(ignore).error();
  }
  while (!walk.folders.empty()) {
    std::string relative = std::move(walk.folders.back());
    walk.folders.pop_back();
    std::string path = relative.empty() ? folder : folder + "/" + relative;
    auto found = co_await disk.list(std::move(path));
    std::ranges::sort(found, {}, &FolderEntry::name);  // the same folder gives the same archive
    for (auto& entry : found) {
      std::string name = relative.empty() ? entry.name : relative + "/" + entry.name;
      co_await or_return(add(walk, std::move(name), entry));
    }
  }
  bool has_dockerfile = std::ranges::any_of(
      walk.entries, [](const TarEntry& entry) { return entry.name == "Dockerfile"; });
  if (!has_dockerfile) {
    co_return Error(Code::not_found, "there is no Dockerfile in " + folder +
                                         ": write one, or give `command` or `image` instead of "
                                         "`build`");
  }
  co_return std::move(walk.entries);
}

}  // namespace berth::runtime
