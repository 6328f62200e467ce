#pragma once

#include <optional>

#include "app/arguments.h"

namespace CLI {
class App;
}

namespace berth::app {

// What each command takes: its words by their places and its flags, declared to CLI11.

/// Where the chosen command's arguments arrive.
using Chosen = std::optional<Arguments>;

void declare_dev(CLI::App& app, Chosen& chosen);
void declare_plan(CLI::App& app, Chosen& chosen);
void declare_deploy(CLI::App& app, Chosen& chosen);
void declare_ps(CLI::App& app, Chosen& chosen);
void declare_top(CLI::App& app, Chosen& chosen);
void declare_logs(CLI::App& app, Chosen& chosen);
void declare_scale(CLI::App& app, Chosen& chosen);
void declare_rollback(CLI::App& app, Chosen& chosen);
void declare_restart(CLI::App& app, Chosen& chosen);
void declare_rm(CLI::App& app, Chosen& chosen);
void declare_kill(CLI::App& app, Chosen& chosen);
void declare_resolve(CLI::App& app, Chosen& chosen);
void declare_call(CLI::App& app, Chosen& chosen);
void declare_publish(CLI::App& app, Chosen& chosen);
void declare_topics(CLI::App& app, Chosen& chosen);
void declare_metrics(CLI::App& app, Chosen& chosen);
void declare_chart(CLI::App& app, Chosen& chosen);
void declare_parse(CLI::App& app, Chosen& chosen);
void declare_streams_test(CLI::App& app, Chosen& chosen);
void declare_completion(CLI::App& app, Chosen& chosen);
void declare_doctor(CLI::App& app, Chosen& chosen);
void declare_open(CLI::App& app, Chosen& chosen);
void declare_version(CLI::App& app, Chosen& chosen);
void declare_proxy(CLI::App& app, Chosen& chosen);
void declare_observe(CLI::App& app, Chosen& chosen);
void declare_proxy_control(CLI::App& app, Chosen& chosen, ProxyControlArguments::What what);
void declare_alerts(CLI::App& app, Chosen& chosen, AlertsArguments::What what);
/// The flags that any command takes.
void declare_common(CLI::App& app, Common& common);

}  // namespace berth::app
