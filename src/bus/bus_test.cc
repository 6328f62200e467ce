#include "bus/bus.h"

#include <set>

#include "async/gather.h"
#include "base/id.h"
#include "bus/bus_fixture_suite.h"

namespace berth::bus {
namespace {

struct BusTest : BusFixture {
  Subscriber mail{real};
  Subscriber stock{real};
  const Subscription mail_hears{"order.created", "mail", "/events/order-created"};

  BusTest() {
    addresses["mail"] = mail.address;
    addresses["stock"] = stock.address;
  }
  bool idle(const std::string& service = "mail") {
    return real.until([&] { return state("order.created", service).backlog == 0; });
  }
};

TEST_F(BusTest, a_message_is_posted_to_each_subscriber_with_its_ids) {
  open();
  subscribe({mail_hears, {"order.created", "stock", "/orders"}, {"other", "stock", "/other"}});
  Published published = publish("order.created", "{\"order\":1}");
  EXPECT_TRUE(is_id(published.id));
  EXPECT_EQ(published.subscriptions, 2u);
  ASSERT_TRUE(real.until([&] { return mail.arrived.size() + stock.arrived.size() == 2; }));
  const Arrived& one = mail.arrived.at(0);
  EXPECT_EQ(one.path, "/events/order-created");
  EXPECT_EQ(one.message, published.id);
  EXPECT_EQ(one.topic, "order.created");
  EXPECT_EQ(one.content_type, "text/plain");
  EXPECT_EQ(one.body, "{\"order\":1}");
  EXPECT_EQ(one.attempt, 1);
  EXPECT_EQ(stock.arrived.at(0).message, published.id);
  EXPECT_EQ(stock.arrived.at(0).path, "/orders");
  EXPECT_NE(stock.arrived.at(0).delivery, one.delivery);
  EXPECT_TRUE(idle());
  EXPECT_EQ(state("order.created", "mail").delivered, 1u);
}

TEST_F(BusTest, a_failed_delivery_is_repeated_with_the_same_ids_and_a_growing_attempt) {
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived& one) { return Subscriber::status(one.attempt < 3 ? 503 : 204); };
  publish("order.created", "x");
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 3u);
  std::set<std::string> ids;
  for (int i = 0; i < 3; i++) {
    EXPECT_EQ(mail.arrived[i].attempt, i + 1);
    ids.insert(mail.arrived[i].delivery + " " + mail.arrived[i].message);
  }
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(state("order.created", "mail").retried, 2u);
  EXPECT_TRUE(told.empty());
}

TEST_F(BusTest, after_the_last_attempt_it_is_a_dead_letter_that_survives_and_is_sent_again) {
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived&) { return Subscriber::status(500); };
  Published published = publish("order.created", "{\"order\":1}");
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 3u);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].why, "answered 500");
  EXPECT_EQ(state("order.created", "mail").dead, 1u);

  ASSERT_TRUE(real.run(bus->close()).ok());
  open();
  auto letters = real.run(bus->dead("order.created", "", 200)).value();
  ASSERT_EQ(letters.size(), 1u);
  EXPECT_EQ(letters[0].id, mail.arrived[0].delivery);
  EXPECT_EQ(letters[0].message, published.id);
  EXPECT_EQ(letters[0].service, "mail");
  EXPECT_EQ(letters[0].attempts, 3u);
  EXPECT_EQ(letters[0].body, "{\"order\":1}");
  EXPECT_EQ(letters[0].content_type, "text/plain");

  mail.answer = [](const Arrived&) { return Subscriber::status(200); };
  ASSERT_TRUE(real.run(bus->send_again("order.created", letters[0].id)).ok());
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 4u);
  EXPECT_EQ(mail.arrived[3].attempt, 1);
  EXPECT_EQ(mail.arrived[3].message, published.id);
  EXPECT_EQ(mail.arrived[3].delivery, letters[0].id);
  EXPECT_EQ(mail.arrived[3].body, "{\"order\":1}");
  EXPECT_EQ(state("order.created", "mail").dead, 0u);
  auto again = real.run(bus->send_again("order.created", letters[0].id));
  ASSERT_FALSE(again.ok());
  EXPECT_TRUE(again.error().is(Code::not_found));
  kill();
  open();
  EXPECT_TRUE(real.run(bus->dead("order.created", "", 200)).value().empty());
}

TEST_F(BusTest, what_is_sent_again_goes_to_its_subscriber_only_and_may_die_again) {
  open();
  subscribe({mail_hears, {"order.created", "stock", "/s"}});
  mail.answer = [](const Arrived&) { return Subscriber::status(410); };
  for (int i = 0; i < 40; i++) publish("order.created", std::to_string(i));
  ASSERT_TRUE(idle() && idle("stock"));
  EXPECT_EQ(state("order.created", "mail").dead, 40u);
  EXPECT_EQ(real.run(bus->send_all_again("order.created", "stock")).value(), 0u);
  EXPECT_EQ(real.run(bus->send_all_again("order.created", "mail")).value(), 40u);
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 80u);
  EXPECT_EQ(stock.arrived.size(), 40u);
  EXPECT_EQ(state("order.created", "mail").dead, 40u);
  mail.answer = [](const Arrived&) { return Subscriber::status(200); };
  EXPECT_EQ(real.run(bus->send_all_again("order.created", "")).value(), 40u);
  ASSERT_TRUE(idle());
  EXPECT_EQ(state("order.created", "mail").dead, 0u);
}

TEST_F(BusTest, gone_is_a_dead_letter_at_once) {
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived&) { return Subscriber::status(410); };
  publish("order.created", "x");
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 1u);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].why, "answered 410");
  EXPECT_EQ(told[0].attempts, 1u);
}

TEST_F(BusTest, retry_after_is_obeyed) {
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived& one) -> Deferred<http::ServerResponse> {
    auto response = http::ServerResponse::text("", one.attempt == 1 ? 429 : 200);
    if (one.attempt == 1) response.headers.emplace_back("retry-after", "1");
    return ready(std::move(response));
  };
  MonotonicTime begun = real.reactor.exact_now();
  publish("order.created", "x");
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 2u);
  EXPECT_GE(real.reactor.exact_now() - begun, Duration(1s));
}

TEST_F(BusTest, messages_wait_without_an_attempt_while_the_service_has_no_address) {
  addresses.clear();
  open();
  subscribe({mail_hears});
  for (int i = 0; i < 5; i++) publish("order.created", std::to_string(i));
  EXPECT_EQ(state("order.created", "mail").backlog, 5u);
  addresses["mail"] = mail.address;
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 5u);
  for (auto& one : mail.arrived) EXPECT_EQ(one.attempt, 1);
}

TEST_F(BusTest, a_subscription_begins_with_the_next_message_and_ends_with_its_backlog) {
  open();
  publish("order.created", "before");
  subscribe({mail_hears});
  publish("order.created", "heard");
  ASSERT_TRUE(idle());
  addresses.clear();
  publish("order.created", "never taken");
  subscribe({});
  EXPECT_TRUE(bus->topics().at(0).subscriptions.empty());
  addresses["mail"] = mail.address;
  subscribe({mail_hears});
  publish("order.created", "heard again");
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 2u);
  EXPECT_EQ(mail.arrived[0].body, "heard");
  EXPECT_EQ(mail.arrived[1].body, "heard again");
  EXPECT_EQ(bus->topics().at(0).published, 4u);
}

TEST_F(BusTest, a_changed_path_goes_on_where_the_subscription_is) {
  addresses.clear();
  open();
  subscribe({mail_hears});
  publish("order.created", "x");
  subscribe({{"order.created", "mail", "/new"}});
  addresses["mail"] = mail.address;
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 1u);
  EXPECT_EQ(mail.arrived[0].path, "/new");
}

TEST_F(BusTest, a_stalled_subscriber_stops_nobody_else) {
  options.in_flight_max = 4;
  options.delivery_timeout = 1h;
  open();
  subscribe({mail_hears, {"order.created", "stock", "/s"}});
  std::vector<Promise<http::ServerResponse>> stalled;
  mail.answer = [&](const Arrived&) { return stalled.emplace_back().deferred(); };
  for (int i = 0; i < 50; i++) publish("order.created", std::to_string(i));
  ASSERT_TRUE(idle("stock"));
  EXPECT_EQ(stock.arrived.size(), 50u);
  EXPECT_EQ(mail.arrived.size(), 4u);
  EXPECT_EQ(state("order.created", "mail").backlog, 50u);
  mail.answer = [](const Arrived&) { return Subscriber::status(200); };
  for (auto& one : stalled) one.callback(http::ServerResponse::text(""));
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 50u);
}

TEST_F(BusTest, one_that_does_not_answer_in_time_is_tried_again) {
  options.delivery_timeout = 30ms;
  open();
  subscribe({mail_hears});
  mail.answer = [this](const Arrived& one) {
    if (one.attempt > 1) return Subscriber::status(200);
    return Deferred<http::ServerResponse>(
        real.reactor.after(10s).then([] { return http::ServerResponse::text("late"); }));
  };
  publish("order.created", "x");
  ASSERT_TRUE(idle());
  EXPECT_EQ(mail.arrived.size(), 2u);
}

TEST_F(BusTest, a_restart_repeats_nothing_that_was_noted_and_loses_nothing) {
  open();
  subscribe({mail_hears});
  for (int i = 0; i < 20; i++) publish("order.created", std::to_string(i));
  ASSERT_TRUE(idle());
  ASSERT_TRUE(real.run(bus->close()).ok());
  addresses.clear();
  open();
  EXPECT_EQ(state("order.created", "mail").delivered, 20u);
  EXPECT_EQ(bus->topics().at(0).published, 20u);
  for (int i = 20; i < 30; i++) publish("order.created", std::to_string(i));
  kill();
  addresses["mail"] = mail.address;
  open();  // delivers at once, before subscriptions are set again
  ASSERT_TRUE(idle());
  ASSERT_EQ(mail.arrived.size(), 30u);
  std::set<std::string> bodies;
  for (auto& one : mail.arrived) bodies.insert(one.body);
  EXPECT_EQ(bodies.size(), 30u);
  EXPECT_EQ(bus->topics().at(0).published, 30u);
  EXPECT_EQ(state("order.created", "mail").delivered, 30u);
}

TEST_F(BusTest, attempt_numbers_go_on_after_a_kill) {
  options.attempts_max = 100;
  options.retry_first = 1ms;
  options.retry_most = 2ms;
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived&) { return Subscriber::status(500); };
  publish("order.created", "x");
  for (int round = 0; round < 4; round++) {
    std::size_t before = mail.arrived.size();
    ASSERT_TRUE(real.until([&] { return mail.arrived.size() >= before + 5; }));
    kill();
    open();
  }
  for (std::size_t i = 1; i < mail.arrived.size(); i++) {
    EXPECT_GE(mail.arrived[i].attempt, mail.arrived[i - 1].attempt);
    EXPECT_EQ(mail.arrived[i].delivery, mail.arrived[0].delivery);
  }
  EXPECT_GE(mail.arrived.back().attempt, 16);
}

TEST_F(BusTest, many_that_fail_do_not_stop_the_others_and_wait_within_a_limit) {
  options.attempts_max = 4;
  options.retry_queue_max = 50;
  open();
  subscribe({mail_hears});
  mail.answer = [](const Arrived& one) {
    return Subscriber::status(one.body == "bad" ? 500 : 200);
  };
  std::vector<Deferred<Published>> publishing;
  for (int i = 0; i < 1000; i++) {
    publishing.push_back(bus->publish("order.created", "", i % 5 == 0 ? "bad" : "good"));
  }
  ASSERT_TRUE(real.run(gather_results(std::move(publishing))).ok());
  ASSERT_TRUE(idle());
  EXPECT_EQ(state("order.created", "mail").delivered, 800u);
  EXPECT_EQ(state("order.created", "mail").dead, 200u);
  EXPECT_EQ(mail.arrived.size(), 800u + 200 * 4);
}

TEST_F(BusTest, what_everybody_passed_is_removed_from_the_disk) {
  options.log_bytes_max = 2 << 20;
  open();
  subscribe({mail_hears});
  for (int i = 0; i < 60; i++) {
    publish("order.created", std::string(100'000, 'x'));
    if (i % 10 == 0) ASSERT_TRUE(idle());
  }
  ASSERT_TRUE(idle());
  auto bytes = [&] {
    std::uintmax_t sum = 0;
    for (auto& entry : std::filesystem::directory_iterator(options.folder + "/log")) {
      std::error_code gone;  // while it is looked at
      auto size = entry.file_size(gone);
      if (!gone) sum += size;
    }
    return sum;
  };
  EXPECT_TRUE(real.until([&] { return bytes() < 600'000; }));
  EXPECT_EQ(mail.arrived.size(), 60u);
}

TEST_F(BusTest, a_full_log_refuses_and_names_who_lags) {
  options.log_bytes_max = 1 << 20;
  open();
  subscribe({{"order.created", "stock", "/s"}, mail_hears});
  addresses.erase("mail");
  Result<Published> refused = Published();
  int accepted = 0;
  while (refused.ok() && accepted < 100) {
    refused = real.run(bus->publish("order.created", "", std::string(50'000, 'x')));
    accepted += refused.ok();
  }
  ASSERT_FALSE(refused.ok());
  EXPECT_TRUE(refused.error().is(Code::overloaded));
  EXPECT_NE(refused.error().text().find("'mail' to 'order.created' is behind by " +
                                        std::to_string(accepted)),
            std::string::npos)
      << refused.error().text();
  subscribe({{"order.created", "stock", "/s"}});  // the cure is possible
  EXPECT_TRUE(
      real.until([&] { return real.run(bus->publish("order.created", "", "fits again")).ok(); }));
}

TEST_F(BusTest, wrong_input_is_refused_with_a_sentence) {
  open();
  for (std::string topic : {std::string(""), std::string("a b"), std::string("ä"),
                            std::string(201, 'x'), std::string("a/b")}) {
    EXPECT_TRUE(real.run(bus->publish(topic, "", "x")).error().is(Code::invalid)) << topic;
  }
  EXPECT_TRUE(real.run(bus->publish("t", "a\r\nb", "x")).error().is(Code::invalid));
  EXPECT_TRUE(
      real.run(bus->publish("t", "", std::string((1 << 20) + 1, 'x'))).error().is(Code::invalid));
  EXPECT_TRUE(real.run(bus->publish("t", "", std::string(1 << 20, 'x'))).ok());
  for (Subscription wrong : {Subscription{"t", "mail", "no-slash"},
                             {"t", "mail", "/a b"},
                             {"t", "", "/x"},
                             {"a b", "mail", "/x"}}) {
    EXPECT_TRUE(real.run(bus->set_subscriptions({wrong})).error().is(Code::invalid));
  }
  EXPECT_TRUE(real.run(bus->set_subscriptions({mail_hears, mail_hears})).error().is(Code::invalid));
  EXPECT_TRUE(real.run(bus->dead("nothing", "", 10)).error().is(Code::not_found));
  EXPECT_TRUE(real.run(bus->send_all_again("nothing", "")).error().is(Code::not_found));
  options.topics_max = 1;
  ASSERT_TRUE(real.run(bus->close()).ok());
  EXPECT_TRUE(real.run(bus->publish("t", "", "x")).error().is(Code::closed));
  open();
  EXPECT_TRUE(real.run(bus->publish("t", "", "x")).ok());
  EXPECT_TRUE(real.run(bus->publish("u", "", "x")).error().is(Code::overloaded));
}

TEST_F(BusTest, a_missing_state_is_an_error_and_not_a_fresh_start) {
  open();
  publish("order.created", "x");
  ASSERT_TRUE(real.run(bus->close()).ok());
  kill();
  std::filesystem::remove(options.folder + "/state.0");
  std::filesystem::remove(options.folder + "/state.1");
  auto opened = try_open();
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().text().find("state is missing"), std::string::npos);
}

TEST_F(BusTest, closing_lets_what_is_on_its_way_be_answered) {
  open();
  subscribe({mail_hears});
  mail.answer = [this](const Arrived&) {
    return Deferred<http::ServerResponse>(
        real.reactor.after(50ms).then([] { return http::ServerResponse::text(""); }));
  };
  publish("order.created", "x");
  ASSERT_TRUE(real.until([&] { return mail.arrived.size() == 1; }));
  ASSERT_TRUE(real.run(bus->close()).ok());
  open();
  EXPECT_EQ(state("order.created", "mail").delivered, 1u);
  EXPECT_EQ(state("order.created", "mail").backlog, 0u);
}

TEST_F(BusTest, a_large_backlog_is_delivered_from_the_log_in_order_and_keeps_its_pace) {
  constexpr std::size_t count = 50'000;
  addresses.clear();
  options.in_flight_max = 1;
  open();
  subscribe({mail_hears});
  std::vector<Deferred<Published>> publishing;
  for (std::size_t i = 0; i < count; i++) {
    publishing.push_back(bus->publish("order.created", "", std::to_string(i)));
    if (publishing.size() == 5000) {
      ASSERT_TRUE(real.run(gather_all(std::exchange(publishing, {}))).ok());
    }
  }
  EXPECT_EQ(state("order.created", "mail").backlog, count);
  kill();
  open();
  EXPECT_EQ(state("order.created", "mail").backlog, count);
  addresses["mail"] = mail.address;
  ASSERT_TRUE(real.until([&] { return mail.arrived.size() >= 2000; }));
  for (std::size_t i = 0; i < 2000; i++) ASSERT_EQ(mail.arrived[i].body, std::to_string(i));
}

}  // namespace
}  // namespace berth::bus
