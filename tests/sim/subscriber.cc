#include "base/strings.h"
#include "sim/bus_world.h"

namespace berth::sim {

Subscriber::Subscriber(BusWorld& world, Host& host, std::string name, std::uint16_t port)
    : world_(world), host_(host), name_(std::move(name)), port_(port) {}

void Subscriber::set(Mood mood) {
  mood_ = mood;
  if (mood == Mood::away) {
    server_ = nullptr;
  } else if (!server_) {
    server_ = std::make_unique<http::Server>(
        host_.clock, [this](http::ServerRequest& request) { return hear(request); });
    server_->serve(host_.network.listen(address()).value());
  }
}

Deferred<http::ServerResponse> Subscriber::hear(http::ServerRequest& request) {
  Trial& trial = world_.trial;
  std::string body = co_await request.body();
  std::string token = body.substr(0, body.find(':'));
  ++heard;
  look_at(request, token, body);
  switch (mood_) {
    case Mood::fails:
      if (trial.chance(0.8)) co_return http::ServerResponse::text("no", 500);
      break;
    case Mood::stalls:
      co_await host_.clock.after(trial.between(0s, 4s));
      break;
    case Mood::hangs:
      co_await host_.clock.after(30s);
      break;
    case Mood::refuses:
      if (trial.chance(0.2)) co_return http::ServerResponse::text("never", 410);
      break;
    default:
      break;
  }
  taken.insert(token);
  co_return http::ServerResponse::text("taken");
}

void Subscriber::look_at(http::ServerRequest& request, const std::string& token,
                         const std::string& body) {
  Trial& trial = world_.trial;
  auto& headers = request.head.headers;
  std::string id(headers.value("berth-delivery-id"));
  std::string what = "delivery " + id + " of " + token + " to " + name_;
  auto message = world_.sent.find(token);
  if (message == world_.sent.end()) return trial.wrong(what + " was never sent");
  SentMessage& sent = message->second;
  trial.expect(sent.body == body, what + " came in another form than it was sent");
  trial.expect(sent.topic == headers.value("berth-topic"), what + " came under another topic");
  if (sent.id.empty()) sent.id = headers.value("berth-message-id");
  trial.expect(sent.id == headers.value("berth-message-id"), what + " has another message id");
  std::string whose = name_ + " " + token;
  auto& known = world_.deliveries[id];
  trial.expect(known.empty() || known == whose, what + " has the id of the delivery " + known);
  known = whose;

  auto attempt = parse_integer<int>(headers.value("berth-attempt"), 1);
  if (!attempt.ok()) return trial.wrong(what + ": no attempt " + attempt.error().text());
  int run = world_.network.run_of(request.peer);
  trial.say(what + " attempt " + std::to_string(*attempt) + " of run " + std::to_string(run));
  if (world_.died.contains(id)) return;  // its attempts begin anew when it is sent again
  Delivery& delivery = deliveries_[id];
  if (!delivery.token.empty() && delivery.token != token) return;
  delivery.token = token;
  if (!delivery.attempts[run].insert(*attempt).second) {
    trial.wrong(what + ": attempt " + std::to_string(*attempt) + " was made twice");
  }
  for (auto& [other, attempts] : delivery.attempts) {
    bool back = (other < run && *attempts.rbegin() > *attempt) ||
                (other > run && *attempts.begin() < *attempt);
    if (back) trial.wrong(what + ": attempt numbers went back after a restart");
  }
}

}  // namespace berth::sim
