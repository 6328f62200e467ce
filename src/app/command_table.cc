#include "app/command_table.h"

namespace berth::app {
namespace {

template <ProxyControlArguments::What what>
void control(CLI::App& app, Chosen& chosen) {
  declare_proxy_control(app, chosen, what);
}
template <AlertsArguments::What what>
void alerts(CLI::App& app, Chosen& chosen) {
  declare_alerts(app, chosen, what);
}

constexpr CommandEntry entries[] = {
    {"Run", "dev", "run this folder's system on this machine; no root needed",
     "Starts what berth.toml describes and shows it live; Ctrl-C stops every instance.",
     "berth dev\nberth dev examples/shop", declare_dev},
    {"Run", "plan", "what a deploy would change", "",
     "berth plan\nberth plan --all            # every setting and where it comes from",
     declare_plan},
    {"Run", "deploy", "bring berth.toml to life, service by service, by health",
     "Shows what changes, how it goes, and how it ended. A version that does not become healthy "
     "is\n"
     "taken back by itself; then this ends with 1.",
     "berth deploy\nberth deploy orders users", declare_deploy},
    {"Run", "scale", "run so many instances of a service", "", "berth scale orders 3",
     declare_scale},
    {"Run", "rollback", "go back to an earlier version", "",
     "berth rollback recommendations\nberth rollback recommendations 1", declare_rollback},
    {"Run", "restart", "replace each instance, as careful as a rollout", "", "berth restart orders",
     declare_restart},
    {"Run", "rm", "drain, stop and forget a service", "", "berth rm recommendations", declare_rm},
    {"Look", "ps", "what runs where", "",
     "berth ps\nberth ps -v orders          # and why it waits", declare_ps},
    {"Look", "top", "how the services do, live", "",
     "berth top\nberth top --once            # once, for a script", declare_top},
    {"Look", "logs", "what a service prints", "",
     "berth logs -f payments\nberth logs orders/1 -n 50\n"
     "berth logs orders -q 'level:error timeout' --since 1h",
     declare_logs},
    {"Look", "metrics", "latency, requests and errors as charts",
     "Without a name: all services. Any Riemann event's service is a series too.",
     "berth metrics orders\nberth metrics p99 --since 2h\nberth metrics --json users",
     declare_metrics},
    {"Look", "chart", "an expression or a dashboard as a picture",
     "For chat and mail: axes, units, legend and deploys are in it.",
     "berth chart --png system -o system.png\n"
     "berth chart --png service --var service=users --dark\n"
     "berth chart --png 'sum by (service) (rate(berth_requests_total[1m]))' --unit 1/s --since 6h",
     declare_chart},
    {"Look", "alerts list", "what fires or is pending, and silences", "", "berth alerts list",
     alerts<AlertsArguments::What::list>},
    {"Look", "alerts history", "what fired, ended, was told and silenced", "",
     "berth alerts history -n 20", alerts<AlertsArguments::What::history>},
    {"Look", "alerts silence", "nobody is told of these alerts for a while", "",
     "berth alerts silence 'host=\"db1\"' --for 2h --comment 'new disks'",
     alerts<AlertsArguments::What::silence>},
    {"Look", "alerts end", "end a silence", "", "berth alerts end 01JDK2V7",
     alerts<AlertsArguments::What::end>},
    {"Look", "open", "the console in a browser", "", "berth open", declare_open},
    {"Look", "doctor", "what is in the way, and what to do about it", "", "berth doctor",
     declare_doctor},
    {"Try", "call", "one request to a service, through the balancer",
     "The body goes to standard output. Ends with 1 where the status is 400 or more.",
     "berth call users /users/2\nberth call orders /orders -d '{\"user\": 2}'\n"
     "berth call web / -i -H 'Accept: text/html'",
     declare_call},
    {"Try", "resolve", "a service's address and instances", "", "berth resolve orders",
     declare_resolve},
    {"Try", "kill", "kill an instance, to see who notices", "", "berth kill orders/1",
     declare_kill},
    {"Try", "parse", "log lines to fields, and why",
     "Reads what observation would read of these lines, a JSON object each. Ends with 1 where "
     "some\n"
     "line fits no parser. Parsers: haproxy, apache, nginx, json, logfmt, syslog, grok PATTERN,\n"
     "dissect PATTERN, csv a,b,c and key_value & =. Needs no server.",
     "berth parse --explain /var/log/haproxy.log\n"
     "berth parse -p 'grok %{COMBINEDAPACHELOG}' access.log\n"
     "berth parse --explain -f parse.toml < lines",
     declare_parse},
    {"Try", "streams test", "events into streams, and what must come out",
     "On virtual time, so hours pass at once. Ends with 1 where a test fails or a file is wrong.\n"
     "Needs no server.",
     "berth streams test streams_test.toml", declare_streams_test},
    {"Messages", "publish", "a message to a topic; durable when this returns", "",
     "berth publish order.created '{\"order\": 7}'\nberth publish order.created @order.json",
     declare_publish},
    {"Messages", "topics", "topics, their subscribers, dead letters", "",
     "berth topics\nberth topics order.created --dead\nberth topics order.created --send-again all",
     declare_topics},
    {"More", "completion", "completion for your shell", "",
     "source <(berth completion bash)             # in ~/.bashrc\n"
     "source <(berth completion zsh)              # in ~/.zshrc, after compinit\n"
     "berth completion fish | source              # in ~/.config/fish/config.fish",
     declare_completion},
    {"More", "version", "which Berth this is", "", "berth version", declare_version},
    {"More", "proxy run", "the proxy alone: by a file, or VIPs, gateway and DNS of a host",
     "With a file it is a balancer for whatever the file names. berth dev starts it without\n"
     "one by itself: --state names the folder that they share.",
     "berth proxy run proxy.toml\nberth proxy run --check proxy.toml\n"
     "berth proxy run --state .berth --host laptop --dns 127.0.0.1:8600",
     declare_proxy},
    {"More", "observe run", "observation alone: logs, events and metrics in, PromQL out",
     "Syslog, Riemann, Prometheus and others come in by what FILE says; a changed file is taken\n"
     "over while it runs. Prometheus' API and /metrics are on 127.0.0.1:7400.",
     "berth observe run observe.toml\nberth observe run --check observe.toml", declare_observe},
    {"More", "proxy state", "listeners, services and instances of a proxy alone",
     "With [proxy] control = \"proxy.sock\" in its proxy.toml.", "berth proxy state",
     control<ProxyControlArguments::What::state>},
    {"More", "proxy sessions", "what its connections do now", "", "berth proxy sessions",
     control<ProxyControlArguments::What::sessions>},
    {"More", "proxy tail", "its access log as it is written, filtered",
     "HAProxy's line a request; with --json an object.",
     "berth proxy tail --status 500-599\nberth proxy tail --service users --slower 1s",
     control<ProxyControlArguments::What::tail>},
    {"More", "proxy drain", "nothing new for an instance; waits for what it answers",
     "Ends with 1 where it still answers something when the time is over.",
     "berth proxy drain users/1 --wait 1m", control<ProxyControlArguments::What::drain>},
    {"More", "proxy disable", "an instance is out until it is enabled", "",
     "berth proxy disable users/1", control<ProxyControlArguments::What::disable>},
    {"More", "proxy enable", "an instance is in again if its check says so", "",
     "berth proxy enable users/1", control<ProxyControlArguments::What::enable>},
    {"More", "proxy weight", "an instance's share beside the others'",
     "Until the proxy ends, through changes of its file.", "berth proxy weight users/1 50",
     control<ProxyControlArguments::What::weight>},
    {"More", "proxy eject", "an instance rests for a while, as after failures", "",
     "berth proxy eject users/1 --for 5m", control<ProxyControlArguments::What::eject>},
    {"More", "proxy purge", "forget answers that are kept",
     "All of them, or those that fit all that is said.",
     "berth proxy purge --service users --tag user-42\nberth proxy purge --target '/img/*'",
     control<ProxyControlArguments::What::purge>},
    {"More", "proxy slow", "the slowest and the failed requests of the last minutes",
     "With their times; -v shows fields too. Secrets were left out when they were kept.",
     "berth proxy slow\nberth proxy slow -v --minutes 1",
     control<ProxyControlArguments::What::slow>},
    {"More", "proxy kill", "end a connection now", "", "berth proxy kill 17",
     control<ProxyControlArguments::What::kill>},
    {"More", "proxy upgrade", "start its program anew; the new process takes the sockets over",
     "No connection is refused; the old process ends once its connections have. Where the new one\n"
     "does not start the old one goes on, and the reason is told.",
     "berth proxy upgrade", control<ProxyControlArguments::What::upgrade>},
};

}  // namespace

std::span<const CommandEntry> command_table() { return entries; }

}  // namespace berth::app
