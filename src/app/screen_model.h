#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "app/chart.h"
#include "app/keys.h"
#include "app/terminal.h"
#include "base/json.h"
#include "base/time.h"

namespace berth::app {

/// The live screen without its terminal: which page is shown, what has come from the API, what each
/// key does. Knows no clock and sends nothing: what a key wants of the world is answered as a Wish,
/// and what is to be followed is asked by logs_of() and inspected(). A plain value of Screen.
///
///     first ── l, i, r ──> choose ── Enter ──> logs, inspect, (restart) ── Esc, q ──> first
///       └──── ? ─────────> help ── any ──> first
class ScreenModel {
 public:
  static constexpr std::size_t log_lines_max = 2000;
  static constexpr std::size_t medians_max = 300;  // seconds of them, for each service

  struct Wish {
    enum class Kind : std::uint8_t { nothing, leave, open, restart };
    Kind kind = Kind::nothing;
    std::string service;  // of restart
  };

  /// `stops_system`: leaving ends every instance (berth dev), and the screen says so. `before`:
  /// what another terminal needs first (app/first_screen.h).
  explicit ScreenModel(bool stops_system, std::string before = "")
      : stops_system_(stops_system), before_(std::move(before)) {}

  void set_state(Json state);
  /// From the start to the first time that all was healthy.
  void set_took(Duration took) { took_ = took; }
  void set_detail(Json detail);
  /// The data of a `point` event.
  void add_point(const Json& point);
  void add_log(Json line);
  /// A sentence about the last key, shown until the next.
  void set_note(std::string note) { note_ = std::move(note); }

  Wish press(Key key);
  /// The service whose logs, or whose details, are to be followed now; empty: none.
  std::string logs_of() const { return page_ == Page::logs ? service_ : ""; }
  std::string inspected() const { return page_ == Page::inspect ? service_ : ""; }

  /// The page, at most `rows` lines; who has moved beyond its end is taken back to it.
  std::vector<std::string> lines(const Style& style, std::size_t rows);

 private:
  enum class Page : std::uint8_t { first, choose, logs, inspect, help };
  enum class Purpose : std::uint8_t { logs, inspect, restart };

  Wish press_on_first(Key key);
  Wish press_on_choice(Key key);
  void press_on_text(Key key);
  Wish choose(const std::string& service);
  void begin_choice(Purpose purpose);
  std::vector<Json> fitting() const;
  void scroll(std::ptrdiff_t lines);

  std::vector<std::string> first_lines(const Style& style, std::size_t rows) const;
  std::vector<std::string> log_lines(const Style& style, std::size_t rows);
  std::vector<std::string> page_of(std::vector<std::string> text, const std::string& keys,
                                   const Style& style, std::size_t rows);

  Duration took_{};
  bool stops_system_;
  std::string before_;
  Page page_ = Page::first;
  Purpose purpose_ = Purpose::logs;
  std::string service_;       // of logs and inspect
  std::string typed_;         // narrows the choice
  std::size_t marked_ = 0;    // in the choice
  std::size_t scrolled_ = 0;  // lines from the top; in logs from the newest
  std::string note_;
  Json state_;
  Json detail_;
  std::map<std::string, Points> medians_;
  std::deque<Json> logs_;
};

}  // namespace berth::app
