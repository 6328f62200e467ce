#include "observe/outputs/output_file.h"

#include <algorithm>
#include <set>

#include "base/units.h"
#include "http/authorization.h"
#include "observe/outputs/graphite_output.h"
#include "observe/outputs/librato_output.h"
#include "observe/outputs/mail_output.h"
#include "observe/outputs/remote_write_output.h"
#include "observe/outputs/riemann_output.h"
#include "observe/outputs/syslog_output.h"
#include "observe/outputs/webhook_output.h"

namespace berth::observe {
namespace {

constexpr std::string_view types[] = {"librato", "graphite",   "riemann", "syslog",
                                      "webhook", "prometheus", "mail",    "chat"};
constexpr std::string_view librato_url = "https://metrics-api.librato.com";

/// Reads one [[output]].
class OutputReader {
 public:
  OutputReader(TomlReader& reader, std::string folder)
      : reader_(reader), folder_(std::move(folder)) {}

  OutputPlan read() {
    read_name();
    read_queue();
    plan_.authorities = beside(reader_.string("authorities").value_or(""));
    if (plan_.type == "librato") read_librato();
    if (plan_.type == "graphite") read_graphite();
    if (plan_.type == "riemann") read_riemann();
    if (plan_.type == "syslog") read_syslog();
    if (plan_.type == "webhook") read_http<WebhookOutput>();
    if (plan_.type == "prometheus") read_http<RemoteWriteOutput>();
    if (plan_.type == "chat") read_http<ChatOutput>();
    if (plan_.type == "mail") read_mail();
    return std::move(plan_);
  }

 private:
  using Secret = std::shared_ptr<OutputPlan::Secret>;

  std::string beside(std::string name) const {
    if (name.empty() || name.starts_with('/')) return name;
    return folder_ + "/" + name;
  }

  void read_name() {
    reader_.require("name");
    reader_.require("type");
    plan_.name = reader_.string("name").value_or("");
    plan_.type = reader_.string("type").value_or("");
    bool plain = !plan_.name.empty() && plan_.name.size() <= 64 &&
                 std::ranges::all_of(plan_.name, [](char c) {
                   return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_';
                 });
    if (!plain && reader_.has("name")) {
      reader_.fail("name", "must be letters, digits, '-' and '_', at most 64");
    }
    if (std::ranges::find(types, plan_.type) == std::end(types) && reader_.has("type")) {
      reader_.fail("type",
                   "must be one of librato, graphite, riemann, prometheus, syslog, webhook, "
                   "mail, chat");
    }
  }

  template <class T>
  void length(std::string_view key, T& out, Duration least, Duration most) {
    auto value = reader_.duration(key);
    if (!value) return;
    if (*value < least || *value > most) {
      return reader_.fail(key,
                          "must be from " + write_duration(least) + " to " + write_duration(most));
    }
    out = *value;
  }

  void read_queue() {
    QueueOptions& queue = plan_.queue;
    if (auto size = reader_.size("queue")) {
      constexpr std::int64_t least = 64 << 10;
      if (*size < least) {
        reader_.fail("queue", "must be 64KiB at least");
      } else {
        queue.bytes_max = static_cast<std::uint64_t>(*size);
      }
    }
    if (auto batch = reader_.integer("batch", 1, 100'000)) {
      queue.batch_max = static_cast<std::size_t>(*batch);
    }
    length("delay", queue.delay, 0s, 1h);
    length("timeout", queue.timeout, 1s, 10min);
    length("retry_first", queue.retry_first, 1ms, 1h);
    length("retry_most", queue.retry_most, 1ms, 24h);
    length("give_up", queue.give_up, 1s, 10000h);
    length("sync_every", queue.sync_every, 1ms, 1h);
  }

  /// `key`, or the content of the file that `key`_file names.
  Secret secret(const std::string& key) {
    auto out = std::make_shared<OutputPlan::Secret>();
    auto value = reader_.string(key);
    auto file = reader_.string(key + "_file");
    if (value && file) reader_.fail(key, "and " + key + "_file cannot both be given");
    out->value = value.value_or("");
    out->file = beside(file.value_or(""));
    plan_.secrets.push_back(out);
    return out;
  }

  HttpPlace place(std::string_view otherwise = "") {
    HttpPlace out;
    if (otherwise.empty()) reader_.require("url");
    auto text = reader_.string("url");
    auto url = http::parse_url(text ? *text : std::string(otherwise));
    if (url.ok()) {
      out.url = std::move(*url);
    } else if (text) {
      reader_.fail("url", "is wrong: " + url.error().text());
    }
    if (auto headers = reader_.string_map("headers")) out.headers = std::move(*headers);
    return out;
  }

  /// "tcp:host:2003" or "tls:host:2003"; with `datagrams` also "udp:host:514".
  Endpoint endpoint(bool* datagrams = nullptr) {
    reader_.require("to");
    auto text = reader_.string("to");
    if (!text) return {};
    std::string written = *text;
    if (datagrams && written.starts_with("udp:")) {
      *datagrams = true;
      written.replace(0, 3, "tcp");
    }
    auto out = client_endpoint(written);
    if (out.ok()) return std::move(*out);
    reader_.fail("to", "is wrong: " + out.error().text());
    return {};
  }

  void read_librato() {
    LibratoOptions options;
    options.place = place(librato_url);
    options.prefix = reader_.string("prefix").value_or("");
    length("summarise", options.summarise, 0s, 1h);
    reader_.require("email");
    std::string email = reader_.string("email").value_or("");
    Secret token = secret("token");
    plan_.make = [=](World& world, tls::ClientContext context) {
      LibratoOptions known = options;
      known.place.headers.emplace_back("authorization", http::basic(email, token->value));
      return std::make_unique<LibratoOutput>(world, std::move(context), std::move(known));
    };
  }

  void read_graphite() {
    GraphiteOptions options;
    options.place = endpoint();
    options.prefix = reader_.string("prefix").value_or("");
    plan_.make = [=](World& world, tls::ClientContext context) {
      return std::make_unique<GraphiteOutput>(world, std::move(context), options);
    };
  }

  void read_riemann() {
    Endpoint place = endpoint();
    plan_.make = [=](World& world, tls::ClientContext context) {
      return std::make_unique<RiemannOutput>(world, std::move(context), place);
    };
  }

  void read_syslog() {
    SyslogOptions options;
    options.place = endpoint(&options.datagrams);
    options.app = reader_.string("app").value_or("berth");
    options.host = reader_.string("host").value_or("");
    if (auto facility = reader_.integer("facility", 0, 23)) {
      options.facility = static_cast<int>(*facility);
    }
    plan_.make = [=](World& world, tls::ClientContext context) {
      return std::make_unique<SyslogOutput>(world, std::move(context), options);
    };
  }

  template <class T>
  void read_http() {
    HttpPlace known = place();
    Secret token = secret("token");
    plan_.make = [=](World& world, tls::ClientContext context) {
      HttpPlace whole = known;
      if (!token->value.empty()) {
        whole.headers.emplace_back("authorization", http::bearer(token->value));
      }
      return std::make_unique<T>(world, std::move(context), std::move(whole));
    };
  }

  void address(std::string_view key, const std::string& text) {
    bool good = text.size() <= 254 && text.contains('@') && std::ranges::all_of(text, [](char c) {
                  return c > 32 && c < 127 && c != '<' && c != '>' && c != ',';
                });
    if (!good) reader_.fail(key, "'" + text + "' is no address of mail");
  }

  void read_mail() {
    MailOptions options;
    options.place = endpoint();
    reader_.require("from");
    reader_.require("recipients");
    options.from = reader_.string("from").value_or("");
    options.to = reader_.strings("recipients").value_or(std::vector<std::string>());
    if (reader_.has("from")) address("from", options.from);
    for (auto& each : options.to) address("recipients", each);
    if (reader_.has("recipients") && options.to.empty()) {
      reader_.fail("recipients", "must name somebody");
    }
    options.user = reader_.string("user").value_or("");
    options.host = reader_.string("host").value_or("localhost");
    Secret password = secret("password");
    std::string when = reader_.string("starttls").value_or("if_offered");
    using StartTls = MailOptions::StartTls;
    if (when == "always") options.start_tls = StartTls::always;
    if (when == "never") options.start_tls = StartTls::never;
    if (when != "always" && when != "never" && when != "if_offered") {
      reader_.fail("starttls", "must be \"if_offered\", \"always\" or \"never\"");
    }
    plan_.make = [=](World& world, tls::ClientContext context) {
      MailOptions known = options;
      known.password = password->value;
      return std::make_unique<MailOutput>(world, std::move(context), std::move(known));
    };
  }

  TomlReader& reader_;
  const std::string folder_;
  OutputPlan plan_;
};

}  // namespace

std::vector<OutputPlan> read_outputs(TomlReader& file, const std::string& folder) {
  std::vector<OutputPlan> out;
  std::set<std::string> names;
  file.each_table("output", [&](TomlReader& reader) {
    OutputPlan plan = OutputReader(reader, folder).read();
    if (!plan.name.empty() && !names.insert(plan.name).second) {
      reader.fail("name", "'" + plan.name + "' is the name of another output as well");
    }
    out.push_back(std::move(plan));
  });
  return out;
}

}  // namespace berth::observe
