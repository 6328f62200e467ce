#pragma once

#include <string>

#include "app/api_client.h"
#include "app/frame.h"
#include "app/screen_model.h"
#include "app/session.h"
#include "async/scope.h"
#include "async/sync.h"
#include "base/time.h"
#include "os/terminal_io.h"

namespace berth::app {

struct ScreenOptions {
  bool stops_system = false;      // leaving ends every instance: said on the screen
  bool ends_with_server = false;  // run() fails when the API goes away, else it is tried again
  std::string before;             // app/first_screen.h
  bool colour = true;
  MonotonicTime began{};  // app/plain_screen.h
};

/// The live screen: follows the API as any client does (in `berth dev` inside its own process),
/// takes keys, draws what changed at most `frames_per_second_max` times a second. Owned by who
/// called for it, one reactor; never waits for a slow terminal, it leaves out frames. Destroying it
/// stops all it does; the terminal is put back by TerminalIo.
class Screen {
 public:
  static constexpr int frames_per_second_max = 30;

  Screen(Clock& clock, Process& process, os::TerminalIo& terminal, ApiClient& api,
         ScreenOptions options);

  /// Until the user leaves (q on the first page, Ctrl-C). closed: the terminal is gone; else what
  /// the API failed with. Once.
  Deferred<void> run();

 private:
  Deferred<void> take_keys();
  Deferred<void> follow_live(std::string inspected);
  Deferred<void> read_live(std::string inspected);
  Deferred<void> follow_logs(std::string service);
  Deferred<void> read_logs(std::string service);
  Deferred<void> redraw();
  Deferred<void> watch_size();
  Deferred<void> open_console();
  Deferred<void> restart(std::string service);
  void take(Key key);
  void follow_wanted();
  void leave(Result<void> how);
  void draw();

  Clock& clock_;
  Process& process_;
  os::TerminalIo& terminal_;
  ApiClient& api_;
  ScreenOptions options_;
  ScreenModel model_;
  Frame frame_;
  Event dirty_;
  Promise<void> left_;
  bool has_left_ = false;
  bool aside_ = false;  // the ordinary screen is shown, with the console's address
  std::string inspected_;
  std::string logs_of_;
  Deferred<void> live_;
  Deferred<void> logs_;
  Scope scope_;
};

/// The live screen on this terminal until the user leaves it: `berth top`.
Deferred<void> show_screen(Session& session, ApiClient& api);

}  // namespace berth::app
