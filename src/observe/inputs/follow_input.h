#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "async/scope.h"
#include "observe/inputs/followed_file.h"
#include "observe/inputs/input_spec.h"
#include "observe/inputs/trace_joiner.h"

namespace berth::observe {

/// Follows files: plain ones, or Docker's json-file logs, whose 16 KB parts are joined. The lines
/// of a stack trace are joined. How far each was read is kept in DATA/positions/NAME.json once the
/// lines are safe, so that a restart and kill -9 lose none; the lines of the moment before kill -9
/// may come twice. Belongs to one reactor.
class FollowInput final : public Input {
 public:
  static constexpr Duration look_every = 250ms;
  static constexpr Duration find_every = 2s;                // of paths with '*'
  static constexpr Duration trace_waits = 1s;               // for a trace's next line
  static constexpr std::size_t read_bytes_max = 256 << 10;  // of a file at a time

  FollowInput(InputSpec spec, const InputLinks& links);
  Deferred<void> close() override;
  InputCounters counters() const override { return counters_; }

 private:
  /// One stream of lines: of a file, or of a container's stdout or stderr.
  struct Lines {
    std::string part;  // the beginning of one
    TraceJoiner joiner;
    MonotonicTime newest{};
    WallTime time{};  // of what the joiner holds, as its file tells it
  };
  struct Followed {
    explicit Followed(FollowedFile file) : file(std::move(file)) {}
    FollowedFile file;
    std::string held;  // the beginning of a line of the file
    Lines out;
    Lines err;
    std::string service;
    std::uint64_t safe = 0;  // all before it was handed on
    FilePosition kept;       // as it is on the disk
  };

  Deferred<void> run();
  void note_failure(const Result<void>& safe);
  Deferred<void> load();
  Deferred<void> save();
  Deferred<void> find_files(bool first);
  Deferred<void> read(Followed& followed);
  void take(Followed& followed, std::string_view bytes);
  void take_line(Followed& followed, std::string_view line);
  void take_docker(Followed& followed, std::string_view line);
  void add(Followed& followed, Lines& lines, std::string_view line, WallTime time, bool error);
  void flush(Followed& followed, Lines& lines, bool error);
  void flush_old(Followed& followed, MonotonicTime before);
  void hand_on(Followed& followed, std::string text, WallTime time, bool error);

  const InputSpec spec_;
  World& world_;
  Log log_;
  LineQueue& lines_;
  const std::string kept_path_;
  std::map<std::string, FilePosition> positions_;  // of files that are not followed yet
  std::map<std::string, std::unique_ptr<Followed>> files_;
  InputCounters counters_;
  bool failing_ = false;
  Scope scope_;
};

/// The files that a path with '*' and '?' in any of its parts stands for, in order; at most
/// `files_max`.
Deferred<std::vector<std::string>> files_of_pattern(Disk& disk, std::string pattern,
                                                    std::size_t files_max);
/// Whether a name is of a pattern of '*', '?' and other characters.
bool name_matches(std::string_view name, std::string_view pattern);

}  // namespace berth::observe
