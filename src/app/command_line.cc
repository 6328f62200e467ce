#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <memory>

#include "app/command_help.h"
#include "app/exit_code.h"
#include "base/strings.h"
#include "base/units.h"

// The table of commands, read by CLI11, which stays in this file: it is slow to compile.

namespace berth::app {
namespace {

/// Where the chosen command's arguments arrive.
using Chosen = std::optional<Arguments>;

/// A command of the table: its texts, and the function that declares its words and flags.
struct Entry {
  const char* group;
  const char* name;
  const char* summary;
  const char* details;
  const char* examples;
  void (*declare)(CLI::App& app, Chosen& chosen);
};

/// The arguments of a command while they are read; `chosen` gets them once all is read.
template <class T>
std::shared_ptr<T> arguments_of(CLI::App& app, Chosen& chosen) {
  auto arguments = std::make_shared<T>();
  app.callback([arguments, &chosen] { chosen = *arguments; });
  return arguments;
}

/// A word by its place; its name says what may stand there (completion reads it).
template <class T>
void place(CLI::App& app, const char* name, T& target, const char* help, bool required = true) {
  app.add_option(name, target, help)->required(required);
}

void duration(CLI::App& app, const char* name, Duration& target, const char* help) {
  app.add_option_function<std::string>(
         name,
         [&target](const std::string& text) { target = parse_duration(text).value_or(target); },
         help)
      ->type_name("TIME")
      ->check([](const std::string& text) {
        auto read = parse_duration(text);
        return read.ok() ? std::string() : std::string(read.error().message());
      });
}

void waiting(CLI::App& app, Waiting& target) {
  app.add_flag("!--no-wait", target.wait, "do not wait until it has taken effect");
  duration(app, "--timeout", target.limit, "how long to wait for that (2m)");
}

/// A check for CLI11: empty if the text is such a number.
std::function<std::string(const std::string&)> whole(std::int64_t least, std::int64_t most) {
  return [least, most](const std::string& text) {
    auto read = parse_integer<std::int64_t>(text, least, most);
    return read.ok() ? "" : fmt::format("'{}' is no whole number from {} to {}", text, least, most);
  };
}

void port(CLI::App& app, const char* name, std::optional<std::uint16_t>& target, const char* help) {
  app.add_option(name, target, help)->type_name("PORT")->check(whole(1, 65535));
}

void address(CLI::App& app, const char* name, Address& target, const char* help) {
  app.add_option_function<std::string>(
         name,
         [&target](const std::string& text) { target = Address::parse(text).value_or(target); },
         help)
      ->type_name("ADDRESS")
      ->check([](const std::string& text) {
        auto read = Address::parse(text);
        return read.ok() ? std::string() : std::string(read.error().message());
      });
}

void system_file(CLI::App& app, std::string& target) {
  app.add_option("-f,--file", target, "the system file's name (berth.toml)")->type_name("FILE");
}

void declare_dev(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<DevArguments>(app, chosen);
  place(app, "FOLDER", a->folder, "where berth.toml stands (here or above)", false);
  system_file(app, a->file);
  port(app, "--port", a->console_port, "of console and API (7400, or the next free one)");
  port(app, "--gateway-port", a->gateway_port, "of the gateway (8080)");
  port(app, "--dns-port", a->dns_port, "of DNS (8600)");
  port(app, "--riemann-port", a->riemann_port, "of Riemann events (5555)");
  port(app, "--syslog-port", a->syslog_port, "of syslog over UDP and TCP (5514)");
  app.add_flag("--once", a->once, "end when all is healthy (0) or will not be (1)");
}

void declare_plan(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<PlanArguments>(app, chosen);
  place(app, "SERVICE", a->services, "only these", false);
  system_file(app, a->file);
  app.add_flag("--all", a->all, "show every setting and where it comes from instead");
}

void declare_deploy(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<DeployArguments>(app, chosen);
  place(app, "SERVICE", a->services, "only these", false);
  system_file(app, a->file);
}

void declare_ps(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<PsArguments>(app, chosen);
  place(app, "SERVICE", a->service, "only this one", false);
  app.add_flag("-v,--verbose", a->verbose, "say why what waits or fails does so");
}

void declare_top(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<TopArguments>(app, chosen);
  app.add_flag("--once", a->once, "show it once and end");
}

void declare_logs(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<LogsArguments>(app, chosen);
  app.callback([a, &chosen] {
    bool search = a->query || a->since;
    if (a->of.empty() && !search) throw CLI::RequiredError("SERVICE|INSTANCE");
    chosen = *a;
  });
  place(app, "SERVICE|INSTANCE", a->of,
        "whose output: all of orders, or orders/1; needed without -q", false);
  app.add_flag("-f,--follow", a->follow, "go on with new lines as they come");
  app.add_option("-n,--lines", a->lines, "how many lines of the past (200)")
      ->type_name("N")
      ->check(whole(0, 5000));
  app.add_option("-q,--query", a->query, "search all that is kept: 'level:error timeout -retry'")
      ->type_name("QUERY");
  app.add_option_function<std::string>(
         "--since",
         [a](const std::string& text) {
           if (auto read = parse_duration(text); read.ok()) a->since = *read;
         },
         "only what is younger: 30s, 1h, 7d")
      ->type_name("DURATION")
      ->check([](const std::string& text) {
        auto read = parse_duration(text);
        return read.ok() ? std::string() : std::string(read.error().message());
      });
}

void declare_scale(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ScaleArguments>(app, chosen);
  place(app, "SERVICE", a->service, "which one");
  app.add_option("N", a->instances, "how many instances; 0 stops it")
      ->required()
      ->check(whole(0, 100000));
  waiting(app, a->waiting);
}

void declare_rollback(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<RollbackArguments>(app, chosen);
  place(app, "SERVICE", a->service, "which one");
  app.add_option("VERSION", a->version, "which version (the last good one before this)")
      ->check(whole(1, std::numeric_limits<std::int64_t>::max()));
  waiting(app, a->waiting);
}

void declare_restart(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<RestartArguments>(app, chosen);
  place(app, "SERVICE", a->service, "which one");
  waiting(app, a->waiting);
}

void declare_rm(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<RemoveArguments>(app, chosen);
  place(app, "SERVICE", a->service, "which one");
  waiting(app, a->waiting);
}

void declare_kill(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<KillArguments>(app, chosen);
  place(app, "INSTANCE", a->instance, "orders/1, in any case");
}

void declare_resolve(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ResolveArguments>(app, chosen);
  place(app, "SERVICE", a->name, "orders, or orders.berth");
}

void declare_call(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<CallArguments>(app, chosen);
  place(app, "SERVICE", a->service, "which one");
  place(app, "PATH", a->path, "what to ask for, with its query (/)", false);
  app.add_option("-X,--method", a->method, "GET, or POST where there is a body")
      ->type_name("METHOD");
  app.add_option("-d,--data", a->body, "the body; - is standard input, @FILE a file")
      ->type_name("BODY");
  app.add_option("-H,--header", a->headers, "'Name: value'; may be repeated")
      ->type_name("HEADER")
      ->allow_extra_args(false);
  app.add_flag("-i,--include", a->show_head, "show status and headers too");
  duration(app, "--timeout", a->timeout, "how long the answer may take to begin (30s)");
}

void declare_publish(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<PublishArguments>(app, chosen);
  place(app, "TOPIC", a->topic, "to which topic");
  place(app, "BODY", a->body, "the message; - is standard input, @FILE a file");
  app.add_option("--type", a->type, "its content type (application/json if it is JSON)")
      ->type_name("TYPE");
}

void declare_topics(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<TopicsArguments>(app, chosen);
  place(app, "TOPIC", a->topic, "only this one", false);
  auto* dead = app.add_flag("--dead", a->dead, "list the topic's dead letters");
  app.add_option("--service", a->service, "only this subscriber's")->type_name("SERVICE");
  app.add_option("--send-again", a->send_again, "a dead letter's id, or all: deliver anew")
      ->type_name("ID")
      ->excludes(dead);
}

void declare_metrics(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<MetricsArguments>(app, chosen);
  place(app, "SERVICE|SERIES", a->name, "a service, or a series such as p99 or a Riemann event's",
        false);
  duration(app, "--since", a->since, "from how long ago (15m)");
}

void declare_chart(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ChartArguments>(app, chosen);
  place(app, "EXPR|DASHBOARD", a->what, "an expression of PromQL, or a dashboard's name");
  app.add_flag("--png", a->png, "as a picture (else as lines)");
  app.add_option("-o,--output", a->output, "the picture's file (chart.png; - standard output)")
      ->type_name("FILE");
  duration(app, "--since", a->since, "from how long ago (the dashboard's range, or 1h)");
  app.add_option("--size", a->size, "of an expression's picture (1200x480)")->type_name("SIZE");
  app.add_option("--kind", a->kind, "lines, stacked, heatmap, top, number, table, status")
      ->type_name("KIND");
  app.add_option("--unit", a->unit, "s, 1/s, share, bytes, bytes/s or any word")->type_name("UNIT");
  app.add_option("--legend", a->legend, "what each series is called: '{{service}} p99'")
      ->type_name("LEGEND");
  app.add_option("--title", a->title, "above an expression's chart")->type_name("TITLE");
  app.add_flag("--log", a->logarithmic, "a logarithmic axis");
  app.add_flag("--dark", a->dark, "a dark picture");
  app.add_option("--var", a->variables, "a dashboard's variable, such as service=users; repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
}

void declare_parse(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ParseArguments>(app, chosen);
  place(app, "FILE", a->lines, "the lines (- or nothing: standard input)", false);
  app.add_option("-p,--parser", a->parsers,
                 "json, haproxy, 'grok PATTERN' ...; repeated: the first that fits")
      ->type_name("PARSER")
      ->allow_extra_args(false);
  app.add_option("-f,--file", a->file, "a file of parsers, patterns and steps")->type_name("FILE");
  app.add_flag("--ecs", a->ecs, "name fields as the Elastic Common Schema does");
  app.add_flag("--explain", a->explain, "which parser, which fields, what it cost");
}

void declare_streams_test(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<StreamsTestArguments>(app, chosen);
  place(app, "FILE", a->file, "the tests; it names the file of the streams");
}

void declare_completion(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<CompletionArguments>(app, chosen);
  app.add_option("bash|zsh|fish", a->shell, "which shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

void declare_doctor(CLI::App& app, Chosen& chosen) { arguments_of<DoctorArguments>(app, chosen); }
void declare_open(CLI::App& app, Chosen& chosen) { arguments_of<OpenArguments>(app, chosen); }
void declare_version(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<VersionArguments>(app, chosen);
  app.add_flag("-v,--verbose", a->verbose, "tell the reactor too, and why it is that one");
}

void declare_proxy(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ProxyArguments>(app, chosen);
  place(app, "FILE", a->file, "a proxy.toml: a balancer of its own", false);
  app.add_flag("--check", a->check, "tell whether FILE can be used, and end");
  app.add_option("--take-over", a->take_over,
                 "take the sockets of the proxy that has this control socket")
      ->type_name("CONTROL");
  app.add_option("--host", a->host, "this host's name in the catalog")->type_name("NAME");
  address(app, "--gateway", a->gateway, "where the gateway listens");
  address(app, "--dns", a->dns, "where DNS listens");
  app.add_flag("--port-80", a->port_80, "listen on port 80 of each VIP too");
  address(app, "--syslog", a->syslog, "send HAProxy's log lines there by UDP");
}

void declare_observe(CLI::App& app, Chosen& chosen) {
  auto a = arguments_of<ObserveArguments>(app, chosen);
  place(app, "FILE", a->file, "an observe.toml");
  app.add_flag("--check", a->check, "tell whether FILE can be used, and end");
}

template <ProxyControlArguments::What what>
void declare_proxy_control(CLI::App& app, Chosen& chosen) {
  using What = ProxyControlArguments::What;
  auto a = arguments_of<ProxyControlArguments>(app, chosen);
  a->what = what;
  app.add_option("--control", a->control, "its control socket, as proxy.toml says (proxy.sock)")
      ->type_name("FILE");
  if (what == What::kill) place(app, "SESSION", a->of, "its number in berth proxy sessions");
  if (what == What::drain || what == What::disable || what == What::enable ||
      what == What::weight || what == What::eject) {
    place(app, "INSTANCE", a->of, "such as users/1");
  }
  if (what == What::weight)
    app.add_option("WEIGHT", a->weight, "its share beside the others' weights; 0: nothing new")
        ->required()
        ->check(CLI::Range(0, 1000));
  if (what == What::eject) duration(app, "--for", a->eject_for, "then it is back (30s)");
  if (what == What::purge) {
    app.add_option("--service", a->service, "only its answers")->type_name("SERVICE");
    app.add_option("--tag", a->tag, "only those with it in Cache-Tag or Surrogate-Key")
        ->type_name("TAG");
    app.add_option("--target", a->target, "only that path and query; '/a*': what begins so")
        ->type_name("TARGET");
  }
  if (what == What::slow) {
    app.add_option("--minutes", a->minutes, "the last ones (5)")
        ->type_name("N")
        ->check(CLI::Range(1, 15));
    app.add_flag("-v,--verbose", a->verbose, "with the fields of request and answer");
  }
  if (what == What::drain) duration(app, "--wait", a->wait, "for what is in flight (30s)");
  if (what != What::tail) return;
  app.add_option("--service", a->service, "only requests to it")->type_name("SERVICE");
  app.add_option("--path", a->path, "only those whose target begins so")->type_name("PATH");
  app.add_option("--status", a->status, "only these, such as 500-599")->type_name("STATUS");
  duration(app, "--slower", a->slower, "only those that took as long");
}

template <AlertsArguments::What what>
void declare_alerts(CLI::App& app, Chosen& chosen) {
  using What = AlertsArguments::What;
  auto a = arguments_of<AlertsArguments>(app, chosen);
  a->what = what;
  app.add_option("--at", a->at,
                 "where observation listens (this folder's berth dev, else 127.0.0.1:7400)")
      ->type_name("ADDRESS");
  if (what == What::history) {
    app.add_option("-n,--lines", a->lines, "how many, the newest first (50)")->type_name("N");
  }
  if (what == What::end) place(app, "ID", a->of, "a silence's, of berth alerts list");
  if (what != What::silence) return;
  place(app, "MATCHERS", a->of, "such as 'alertname=\"slow\",host=~\"web.*\"'");
  duration(app, "--for", a->lasts, "how long (1h)");
  app.add_option("--comment", a->comment, "why")->type_name("TEXT");
}

constexpr Entry entries[] = {
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
    {"More", "alerts list", "what fires or is pending, and silences", "", "berth alerts list",
     declare_alerts<AlertsArguments::What::list>},
    {"More", "alerts history", "what fired, ended, was told and silenced", "",
     "berth alerts history -n 20", declare_alerts<AlertsArguments::What::history>},
    {"More", "alerts silence", "nobody is told of these alerts for a while", "",
     "berth alerts silence 'host=\"db1\"' --for 2h --comment 'new disks'",
     declare_alerts<AlertsArguments::What::silence>},
    {"More", "alerts end", "end a silence", "", "berth alerts end 01JDK2V7",
     declare_alerts<AlertsArguments::What::end>},
    {"More", "proxy state", "listeners, services and instances of a proxy alone",
     "With [proxy] control = \"proxy.sock\" in its proxy.toml.", "berth proxy state",
     declare_proxy_control<ProxyControlArguments::What::state>},
    {"More", "proxy sessions", "what its connections do now", "", "berth proxy sessions",
     declare_proxy_control<ProxyControlArguments::What::sessions>},
    {"More", "proxy tail", "its access log as it is written, filtered",
     "HAProxy's line a request; with --json an object.",
     "berth proxy tail --status 500-599\nberth proxy tail --service users --slower 1s",
     declare_proxy_control<ProxyControlArguments::What::tail>},
    {"More", "proxy drain", "nothing new for an instance; waits for what it answers",
     "Ends with 1 where it still answers something when the time is over.",
     "berth proxy drain users/1 --wait 1m",
     declare_proxy_control<ProxyControlArguments::What::drain>},
    {"More", "proxy disable", "an instance is out until it is enabled", "",
     "berth proxy disable users/1", declare_proxy_control<ProxyControlArguments::What::disable>},
    {"More", "proxy enable", "an instance is in again if its check says so", "",
     "berth proxy enable users/1", declare_proxy_control<ProxyControlArguments::What::enable>},
    {"More", "proxy weight", "an instance's share beside the others'",
     "Until the proxy ends, through changes of its file.", "berth proxy weight users/1 50",
     declare_proxy_control<ProxyControlArguments::What::weight>},
    {"More", "proxy eject", "an instance rests for a while, as after failures", "",
     "berth proxy eject users/1 --for 5m",
     declare_proxy_control<ProxyControlArguments::What::eject>},
    {"More", "proxy purge", "forget answers that are kept",
     "All of them, or those that fit all that is said.",
     "berth proxy purge --service users --tag user-42\nberth proxy purge --target '/img/*'",
     declare_proxy_control<ProxyControlArguments::What::purge>},
    {"More", "proxy slow", "the slowest and the failed requests of the last minutes",
     "With their times; -v shows fields too. Secrets were left out when they were kept.",
     "berth proxy slow\nberth proxy slow -v --minutes 1",
     declare_proxy_control<ProxyControlArguments::What::slow>},
    {"More", "proxy kill", "end a connection now", "", "berth proxy kill 17",
     declare_proxy_control<ProxyControlArguments::What::kill>},
    {"More", "proxy upgrade", "start its program anew; the new process takes the sockets over",
     "No connection is refused; the old process ends once its connections have. Where the new one\n"
     "does not start the old one goes on, and the reason is told.",
     "berth proxy upgrade", declare_proxy_control<ProxyControlArguments::What::upgrade>},
};

void declare_common(CLI::App& app, Common& common) {
  app.add_option("-C,--folder", common.folder, "look for berth.toml and .berth there and above (.)")
      ->type_name("FOLDER");
  app.add_option("--env", common.environment, "which [environment] of berth.toml (dev)")
      ->type_name("NAME");
  app.add_option("--state", common.state, "the state folder (.berth beside berth.toml)")
      ->type_name("FOLDER");
  app.add_flag("--json", common.json, "print the API's JSON and nothing else");
}

/// CLI11's own tree of all commands. Kept as long as what it read.
class Tree {
 public:
  Tree() : app_("berth") {
    app_.fallthrough();  // common flags may stand behind the command
    app_.set_help_flag("-h,--help", "tell how it is used");
    declare_common(app_, common);
    for (auto& entry : entries) {
      CLI::App* parent = &app_;
      auto words = split(entry.name, ' ');
      for (auto word : words) {
        if (parent != &app_) parent->require_subcommand(1);
        auto there =
            parent->get_subcommands([&](CLI::App* each) { return each->get_name() == word; });
        parent = there.empty() ? parent->add_subcommand(std::string(word), entry.summary)
                               : there.front();
      }
      entry.declare(*parent, chosen);
      leaves_[parent] = &entry;
    }
  }

  CLI::App& app() { return app_; }
  /// The entry of the command that was asked for, and CLI11's part for it.
  std::pair<const Entry*, CLI::App*> asked() {
    CLI::App* now = &app_;
    while (!now->get_subcommands().empty()) now = now->get_subcommands().front();
    auto found = leaves_.find(now);
    return {found == leaves_.end() ? nullptr : found->second, now};
  }
  const std::map<CLI::App*, const Entry*>& leaves() const { return leaves_; }

  Common common;
  Chosen chosen;

 private:
  CLI::App app_;
  std::map<CLI::App*, const Entry*> leaves_;
};

std::vector<FlagShape> flags_of(const CLI::App& app) {
  std::vector<FlagShape> flags;
  for (auto* option : app.get_options()) {
    if (option->get_positional()) continue;
    FlagShape flag;
    for (auto& name : option->get_snames()) flag.names.push_back("-" + name);
    for (auto& name : option->get_lnames()) flag.names.push_back("--" + name);
    if (option->get_expected_max() > 0 && option->get_type_size() > 0) {
      flag.value = option->get_type_name();
      // What a check adds to the name (" INT in [1 - 65535]", ":FUNCTION") is not for people.
      flag.value.resize(std::min(flag.value.size(), flag.value.find_first_of(": ")));
    }
    flag.help = option->get_description();
    flags.push_back(std::move(flag));
  }
  return flags;
}

CommandShape shape_of(const Entry& entry, const CLI::App& app) {
  CommandShape shape{entry.name, entry.group, entry.summary, entry.details, entry.examples, {}, {}};
  for (auto* option : app.get_options()) {
    if (!option->get_positional()) continue;
    shape.places.push_back({option->get_name(true), option->get_description(),
                            option->get_required(), option->get_expected_max() > 1});
  }
  shape.flags = flags_of(app);
  return shape;
}

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (auto& entry : entries) names.emplace_back(entry.name);
  return names;
}

Parsed usage(std::string text, const std::string& command) {
  return {std::nullopt, exit_usage,
          "berth: " + text + "\nsee: berth " + command + (command.empty() ? "" : " ") + "--help\n"};
}

template <class Words>
std::string did_you_mean(const std::string& word, const Words& words) {
  std::vector<std::string_view> views(words.begin(), words.end());
  auto nearest = nearest_word(lower(word), views);
  return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

Parsed unexpected(const std::string& word, const CommandShape& shape) {
  if (word.size() > 1 && word.starts_with('-')) {
    std::vector<std::string> names;
    auto flags = shape.flags;
    for (auto& flag : common_flags()) flags.push_back(flag);
    for (auto& flag : flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
    auto name = word.substr(0, word.find('='));
    if (!name.starts_with("--")) names.clear();  // any letter is near to any other
    return usage(fmt::format("{} has no flag {}{}", shape.name, name, did_you_mean(name, names)),
                 shape.name);
  }
  return usage(fmt::format("'{}' is one word too many; usage: {}", word, usage_line(shape)),
               shape.name);
}

/// The first word that is no common flag, nor the value of one; empty if there is none.
std::string first_command_word(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    auto& word = words[i];
    if (word == "-C" || word == "--folder" || word == "--env" || word == "--state") {
      ++i;
    } else if (!word.starts_with('-')) {
      return word;
    }
  }
  return "";
}

bool is_command(const std::string& word) {
  return std::ranges::any_of(entries, [&](const Entry& entry) {
    return std::string_view(entry.name).substr(0, std::string_view(entry.name).find(' ')) == word;
  });
}

/// Of a command of two words: "run" for "proxy".
std::string second_word(const std::string& first) {
  for (auto& entry : entries) {
    auto words = split_once(entry.name, ' ');
    if (words && words->first == first) return std::string(words->second);
  }
  return "";
}

Parsed failure(Tree& tree, const CLI::ParseError& error) {
  auto [entry, app] = tree.asked();
  if (!entry) {
    std::string name = app->get_name();
    if (app == &tree.app()) {
      auto left = app->remaining();
      if (left.empty()) return usage(error.what(), "");
      std::string hint =
          did_you_mean(left.front(), std::vector<std::string>{"--help", "--version", "--folder",
                                                              "--env", "--state", "--json"});
      return usage("there is no flag " + left.front() + hint, "");
    }
    std::string next = second_word(name);
    return usage("'berth " + name + "' needs one more word: " + next, name + " " + next);
  }
  CommandShape shape = shape_of(*entry, *app);
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    auto left = tree.app().remaining(true);
    if (!left.empty()) return unexpected(left.front(), shape);
  }
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    std::string what = error.what();
    what.resize(std::min(what.size(), what.find(" is required")));
    return usage(fmt::format("{} needs {}; usage: {}", shape.name, what, usage_line(shape)),
                 shape.name);
  }
  return usage(std::string(shape.name) + ": " + error.what(), shape.name);
}

/// The words of an unfinished line; where it looks for the server counts already.
CommandLine complete_line(std::vector<std::string> words) {
  CommandLine line;
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] == "-C" || words[i] == "--folder") line.common.folder = words[i + 1];
    if (words[i] == "--state") line.common.state = words[i + 1];
  }
  line.arguments = CompleteArguments{std::move(words)};
  return line;
}

}  // namespace

Parsed parse_command_line(const std::vector<std::string>& given) {
  if (!given.empty() && given[0] == "__complete") {
    return {complete_line({given.begin() + 1, given.end()}), 0, ""};
  }
  if (given.size() == 2 && given[0] == "shim")
    return {CommandLine{{}, ShimArguments{given[1]}}, 0, ""};
  std::vector<std::string> words = given;
  if (!words.empty() && words[0] == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  if (words == std::vector<std::string>{"--version"}) words = {"version"};
  std::string first = first_command_word(words);
  if (!first.empty() && !is_command(first)) {
    auto hint = did_you_mean(first, command_names());
    return usage("there is no command '" + first + "'" + hint, "");
  }
  Tree tree;
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    tree.app().parse(reversed);
  } catch (const CLI::CallForHelp&) {
    auto [entry, app] = tree.asked();
    return {std::nullopt, exit_done,
            entry ? command_help(shape_of(*entry, *app))
                  : program_help(command_shapes(), common_flags())};
  } catch (const CLI::ParseError& error) {
    return failure(tree, error);
  }
  if (!tree.chosen)
    return {std::nullopt, exit_done, program_help(command_shapes(), common_flags())};
  return {CommandLine{tree.common, *tree.chosen}, 0, ""};
}

std::vector<CommandShape> command_shapes() {
  Tree tree;
  std::vector<CommandShape> shapes;
  for (auto& entry : entries) {
    for (auto& [app, its] : tree.leaves()) {
      if (its == &entry) shapes.push_back(shape_of(entry, *app));
    }
  }
  return shapes;
}

std::vector<FlagShape> common_flags() {
  Tree tree;
  return flags_of(tree.app());
}

}  // namespace berth::app
