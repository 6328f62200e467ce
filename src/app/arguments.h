#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "app/dev.h"
#include "app/observe_alone.h"
#include "app/proxy_run.h"
#include "base/time.h"

// What each command was asked to do, as plain values (app/command_line.h reads them).

namespace berth::app {

/// What may be given to any command.
struct Common {
  std::string folder;  // where to look for berth.toml and .berth; empty: the working directory
  std::string state;   // the state folder; empty: found from `folder`
  std::string environment = "dev";
  bool json = false;
};

/// Of a command that changes something and then watches until it took effect.
struct Waiting {
  bool wait = true;
  Duration limit = 2min;
};

struct PlanArguments {
  std::string file = "berth.toml";
  std::vector<std::string> services;  // empty: all
  bool all = false;                   // every setting with where it comes from
};
struct DeployArguments {
  std::string file = "berth.toml";
  std::vector<std::string> services;
};
struct PsArguments {
  std::string service;  // empty: all
  bool verbose = false;
};
struct TopArguments {
  bool once = false;
};
struct LogsArguments {
  std::string of;  // a service or an instance; empty with a query: all
  bool follow = false;
  std::uint32_t lines = 200;
  std::optional<std::string> query;  // docs/formats/log_lines.md
  std::optional<Duration> since;     // back from now
};
struct ScaleArguments {
  std::string service;
  std::uint32_t instances = 1;
  Waiting waiting;
};
struct RollbackArguments {
  std::string service;
  std::optional<std::uint64_t> version;
  Waiting waiting;
};
struct RestartArguments {
  std::string service;
  Waiting waiting;
};
struct RemoveArguments {
  std::string service;
  Waiting waiting;
};
struct KillArguments {
  std::string instance;
};
struct ResolveArguments {
  std::string name;
};
struct CallArguments {
  std::string service;
  std::string path = "/";
  std::string method;  // empty: GET, or POST with a body
  std::optional<std::string> body;
  std::vector<std::string> headers;  // "Name: value"
  bool show_head = false;
  Duration timeout = 30s;
};
struct PublishArguments {
  std::string topic;
  std::string body;
  std::string type;  // empty: application/json if it is JSON, else text/plain
};
struct TopicsArguments {
  std::string topic;  // empty: all
  bool dead = false;
  std::string service;     // only this subscriber's
  std::string send_again;  // a dead letter's id, or "all"
};
struct MetricsArguments {
  std::string name;  // a service or a series; empty: all services
  Duration since = 15min;
};
struct ChartArguments {
  std::string what;                  // a dashboard, else an expression of PromQL
  bool png = false;                  // else lines in the terminal
  std::string output = "chart.png";  // "-": standard output
  Duration since = 0s;               // 0: the dashboard's own range, else an hour
  std::string size = "1200x480";     // of an expression's picture
  std::string kind = "lines";        // and how it is drawn
  std::string unit;
  std::string legend;
  std::string title;
  bool logarithmic = false;
  bool dark = false;
  std::vector<std::string> variables;  // "service=users"
};
struct ParseArguments {
  std::string lines;                 // a file; empty or "-": standard input
  std::vector<std::string> parsers;  // "haproxy", "grok PATTERN"; empty: the file's
  std::string file;                  // docs/formats/parse.md
  bool ecs = false;
  bool explain = false;
};
/// Of a proxy alone: asks it, or tells it something, at its control socket.
struct ProxyControlArguments {
  enum class What : std::uint8_t {
    state,
    sessions,
    tail,
    drain,
    disable,
    enable,
    weight,
    eject,
    purge,
    slow,
    kill,
    upgrade
  };
  What what = What::state;
  std::string control = "proxy.sock";
  std::string of;        // an instance, or a session's number
  Duration wait = 30s;   // drain: for what is in flight
  std::string service;   // tail: only its requests
  std::string path;      // tail: only what begins so
  std::string status;    // tail: "500-599"
  Duration slower = 0s;  // tail: only what took as long
  bool json = false;     // tail: objects instead of lines
  std::int64_t weight = 1;
  Duration eject_for = 30s;
  std::string tag;           // purge: only what has it
  std::string target;        // purge: only that, or what begins so where it ends with "*"
  std::int64_t minutes = 5;  // slow: the last ones
  bool verbose = false;      // slow: with fields
};
struct StreamsTestArguments {
  std::string file;  // docs/formats/streams.md
};
/// Of observation: its alerts and their silences.
struct AlertsArguments {
  enum class What : std::uint8_t { list, history, silence, end };
  What what = What::list;
  std::string at;  // where berth observe run listens; empty: the folder's berth dev, else it
  std::string of;  // matchers of a silence, or its id
  Duration lasts = 1h;
  std::string comment;
  std::uint32_t lines = 50;
};
struct DoctorArguments {};
struct VersionArguments {
  bool verbose = false;
};
struct OpenArguments {};
struct CompletionArguments {
  std::string shell;
};
/// What a shell asks while a line is typed: its words behind "berth", the last one unfinished.
struct CompleteArguments {
  std::vector<std::string> words;
};
struct ShimArguments {
  std::string spec;
};

using Arguments =
    std::variant<DevArguments, ProxyArguments, ObserveArguments, ShimArguments, PlanArguments,
                 DeployArguments, PsArguments, TopArguments, LogsArguments, ScaleArguments,
                 RollbackArguments, RestartArguments, RemoveArguments, KillArguments,
                 ResolveArguments, CallArguments, PublishArguments, TopicsArguments,
                 MetricsArguments, ChartArguments, ParseArguments, ProxyControlArguments,
                 StreamsTestArguments, AlertsArguments, DoctorArguments, VersionArguments,
                 OpenArguments, CompletionArguments, CompleteArguments>;

struct CommandLine {
  Common common;
  Arguments arguments;
};

}  // namespace berth::app
