#pragma once

#include "app/session.h"

// The commands of the client's side, each told by its arguments. The int is an ExitCode; an error
// is printed by run_client() and turned into one.

namespace berth::app {

Deferred<int> run(Session& session, PlanArguments arguments);
Deferred<int> run(Session& session, DeployArguments arguments);
Deferred<int> run(Session& session, PsArguments arguments);
Deferred<int> run(Session& session, TopArguments arguments);
Deferred<int> run(Session& session, LogsArguments arguments);
Deferred<int> run(Session& session, ScaleArguments arguments);
Deferred<int> run(Session& session, RollbackArguments arguments);
Deferred<int> run(Session& session, RestartArguments arguments);
Deferred<int> run(Session& session, RemoveArguments arguments);
Deferred<int> run(Session& session, KillArguments arguments);
Deferred<int> run(Session& session, ResolveArguments arguments);
Deferred<int> run(Session& session, CallArguments arguments);
Deferred<int> run(Session& session, PublishArguments arguments);
Deferred<int> run(Session& session, TopicsArguments arguments);
Deferred<int> run(Session& session, MetricsArguments arguments);
Deferred<int> run(Session& session, ChartArguments arguments);
Deferred<int> run(Session& session, ParseArguments arguments);
Deferred<int> run(Session& session, ProxyControlArguments arguments);
Deferred<int> run(Session& session, StreamsTestArguments arguments);
Deferred<int> run(Session& session, AlertsArguments arguments);
Deferred<int> run(Session& session, DoctorArguments arguments);
Deferred<int> run(Session& session, VersionArguments arguments);
Deferred<int> run(Session& session, OpenArguments arguments);
Deferred<int> run(Session& session, CompletionArguments arguments);
Deferred<int> run(Session& session, CompleteArguments arguments);

}  // namespace berth::app
