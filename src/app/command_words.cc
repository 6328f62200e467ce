#include "app/command_words.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <limits>
#include <memory>

#include "base/strings.h"
#include "base/units.h"

namespace berth::app {
namespace {

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

/// A check for CLI11: what is wrong with the text, empty if `read` can read it.
template <class Read>
std::function<std::string(const std::string&)> fault_of(Read read) {
  return [read](const std::string& text) {
    auto value = read(text);
    return value.ok() ? std::string() : std::string(value.error().message());
  };
}

void duration(CLI::App& app, const char* name, Duration& target, const char* help) {
  app.add_option_function<std::string>(
         name,
         [&target](const std::string& text) { target = parse_duration(text).value_or(target); },
         help)
      ->type_name("TIME")
      ->check(fault_of(parse_duration));
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
      ->check(fault_of(Address::parse));
}

void system_file(CLI::App& app, std::string& target) {
  app.add_option("-f,--file", target, "the system file's name (berth.toml)")->type_name("FILE");
}

}  // namespace

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
      ->check(fault_of(parse_duration));
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

void declare_proxy_control(CLI::App& app, Chosen& chosen, ProxyControlArguments::What what) {
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

void declare_alerts(CLI::App& app, Chosen& chosen, AlertsArguments::What what) {
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

void declare_common(CLI::App& app, Common& common) {
  app.add_option("-C,--folder", common.folder, "look for berth.toml and .berth there and above (.)")
      ->type_name("FOLDER");
  app.add_option("--env", common.environment, "which [environment] of berth.toml (dev)")
      ->type_name("NAME");
  app.add_option("--state", common.state, "the state folder (.berth beside berth.toml)")
      ->type_name("FOLDER");
  app.add_flag("--json", common.json, "print the API's JSON and nothing else");
}

}  // namespace berth::app
