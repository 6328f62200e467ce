#include "observe/streams/lua_streams.h"

#include "observe/streams/streams_suite.h"

namespace berth::observe::streams {
namespace {

/// The streams of a script in a core of their own; what they publish to "out" is collected.
class LuaBench : public Bench {
 public:
  explicit LuaBench(std::string_view script, LuaLimits lua = {}) {
    load(script, lua);
    listening = core.pubsub().subscribe(
        "out", [this](const Event& event) { heard.push_back(streams::text(event)); });
  }
  void load(std::string_view script, LuaLimits lua = {}) {
    auto read = read_lua_streams(script, "s.lua", lua);
    ASSERT_TRUE(read.ok()) << read.error().text();
    auto installed = core.install(std::move(*read));
    ASSERT_TRUE(installed.ok()) << installed.error().text();
  }
  Texts run(const Steps& steps) {
    heard.clear();
    for (auto& step : steps) {
      if (step.event) {
        Event event = *step.event;
        core.inject(event);
      } else {
        clock.advance(step.wait);
      }
    }
    return heard;
  }
  Texts heard;
  PubSub::Subscription listening;
};

std::string refusal(std::string_view script, LuaLimits limits = {}) {
  auto read = read_lua_streams(script, "s.lua", limits);
  return read.ok() ? "" : std::string(read.error().message());
}

TEST(LuaStreams, functions_of_the_vocabulary_with_their_children) {
  LuaBench bench(R"lua(
    local out = publish("out")
    stream("a", where('service = "a"',
                  by({"host"}, rate(5, with({service = "a rate", ttl = false, tags = {"x", "y"}}, out))),
                  otherwise(tag("other", "more", out))))
    stream("b", moving_event_window(2, mean(scale(2, with({service = "mean"}, out)))))
  )lua");
  EXPECT_EQ(bench.run({"host=h service=a metric=5", "host=h service=b metric=1", 5s}),
            (Texts{"host=h service=mean metric=10 time=0 ttl=60",
                   "host=h service=b metric=1 time=0 ttl=60 tags=other,more",
                   "host=h service=mean metric=6 time=0 ttl=60",
                   "host=h service=a rate metric=1 time=5 tags=x,y"}));
}

TEST(LuaStreams, functions_of_the_script_on_events_and_vectors) {
  LuaBench bench(R"lua(
    local function double(e) if e.metric then e.metric = e.metric * 2 return e end end
    stream("smap", smap(double, publish("out")))
    stream("vectors", fixed_event_window(2, smap(function(es)
      return {service = "sum", metric = es[1].metric + es[2].metric, tags = {"t"}, own = "x" .. #es}
    end, publish("out"))))
    stream("where", where(function(e) return find(e.service, "^a.") ~= nil end,
                          adjust("service", function(e) return replace(e.service, "a(.)", "\\1\\1") end,
                                 publish("out"))))
    stream("cat", smapcat(function(e) return {
    {service = "1"}, {service = "2"}} end, publish("out")))
  )lua");
  EXPECT_EQ(bench.run({"service=ab metric=3"}),
            events({"service=ab metric=6 time=0 ttl=60", "service=bb metric=3 time=0 ttl=60",
                    "service=1", "service=2"}));
  EXPECT_EQ(bench.run({"service=c metric=4"}),
            events({"service=c metric=8 time=0 ttl=60", "service=sum metric=7 tags=t own=x2",
                    "service=1", "service=2"}));
}

TEST(LuaStreams, branches_and_state) {
  LuaBench bench(R"lua(
    local out = publish("out")
    stream("split", split('metric > 10', with({state = "critical"}, out),
                          function(e) return e.metric > 5 end, with({state = "warning"}, out),
                          with({state = "ok"}, out)))
    stream("splitp", splitp("<", "metric", 10, tag("high", out), bit_bucket()))
    stream("changed", changed(function(e) return e.metric > 5 end, {init = "false"}, tag("changed", out)))
    stream("sum", sreduce(function(a, e) a.metric = a.metric + e.metric return a end,
                          {metric = 0}, tag("sum", out)))
    stream("top", top(1, "metric", tag("top", out), bit_bucket()))
    stream("fork", by_builder({"host"}, function(host) return with({own = host .. "!"}, publish("out")) end))
    stream("pipe", pipe(function(n) return scale(10, n) end, function(n) return tag("pipe", n) end, out))
  )lua");
  bench.run({"host=h metric=12"});
  EXPECT_EQ(bench.heard, (Texts{"host=h state=critical metric=12 time=0 ttl=60",
                                "host=h metric=12 time=0 ttl=60 tags=high",
                                "host=h metric=12 time=0 ttl=60 tags=changed", "metric=12 tags=sum",
                                "host=h metric=12 time=0 ttl=60 tags=top",
                                "host=h metric=12 time=0 ttl=60 own=h!",
                                "host=h metric=120 time=0 ttl=60 tags=pipe"}));
  EXPECT_EQ(bench.run({"host=h metric=7"})[0], "host=h state=warning metric=7 time=0 ttl=60");
  EXPECT_EQ(bench.core.counters().failed, 0u);
}

TEST(LuaStreams, a_function_that_fails_or_goes_on_for_ever_fails_alone) {
  LuaBench bench(R"lua(
    stream("broken", exception_stream(publish("out"),
      smap(function(e) return e.nothing.there end, bit_bucket()),
      smap(function(e) while true do end end, bit_bucket()),
      smap(function(e) while true do pcall(function() while true do end end) end end, bit_bucket()),
      smap(function(e) local t = {} while true do t[#t + 1] = ("x") .. #t end end, bit_bucket()),
      smap(function(e) e.metric = "high" return e end, bit_bucket()),
      publish("out")))
  )lua",
                 {.memory_bytes_max = 2 << 20, .instructions_max = 200'000});
  auto heard = bench.run({"host=h"});
  ASSERT_EQ(heard.size(), 6u);
  EXPECT_THAT(heard[0],
              testing::HasSubstr("s.lua:3: attempt to index a nil value (field 'nothing')"));
  EXPECT_THAT(heard[1], testing::HasSubstr("it takes too long: 200000 instructions are the most"));
  EXPECT_THAT(heard[2], testing::HasSubstr("it takes too long"));
  EXPECT_THAT(heard[3], testing::HasSubstr("overloaded"));
  EXPECT_THAT(heard[4], testing::HasSubstr("an event's metric must be a number, not a string"));
  EXPECT_EQ(heard[5], "host=h time=0 ttl=60");
}

TEST(LuaStreams, what_a_script_may_not_have_is_not_there) {
  for (auto* name : {"io", "os", "require", "load", "loadfile", "dofile", "debug", "package",
                     "coroutine", "collectgarbage", "setmetatable", "getmetatable", "string.rep",
                     "string.find", "string.dump", "math.random", "table.move"}) {
    std::string script = std::string("if ") + name + " ~= nil then error('it is there') end";
    EXPECT_EQ(refusal(script), "") << name;
  }
  EXPECT_EQ(refusal("local x = ('x').rep if x then error('there') end"), "");
}

TEST(LuaStreams, a_wrong_script_is_refused_with_its_line) {
  EXPECT_EQ(refusal("stream('a',"), "s.lua:1: unexpected symbol near <eof>");
  EXPECT_EQ(refusal("\nraet(5)"), "s.lua:2: attempt to call a nil value (global 'raet')");
  EXPECT_EQ(refusal("stream('a', rate())"), "s.lua:1: rate DURATION: its interval is missing");
  EXPECT_EQ(refusal("\n\nstream('a', where('metric >', index()))"),
            "s.lua:3: parse error: column 9: expected a number, found the end");
  EXPECT_EQ(refusal("stream('a', coalesce(1, rate(5)))"),
            "s.lua:1: rate takes events, but coalesce hands on vectors; put a fold, such as mean, "
            "or sflatten between them");
  EXPECT_EQ(refusal("stream('a', 5)"), "s.lua:1: argument 2 must be a stream, found number");
  EXPECT_EQ(refusal("index(rate(5))"), "s.lua:1: index takes no streams");
  EXPECT_EQ(refusal("stream('a', index()) stream('a', index())"),
            "s.lua:1: 'a' is the name of another stream as well");
  EXPECT_THAT(refusal("while true do end"), testing::HasSubstr("s.lua:1: it takes too long"));
  EXPECT_THAT(refusal("local s = 'xxxxxxxxxxxxxxxx' while true do s = s .. s end"),
              testing::HasSubstr("holds more than"));
  EXPECT_THAT(refusal(std::string_view("\x1bLua", 4)), testing::HasSubstr("binary"));
}

TEST(LuaStreams, streams_whose_code_is_the_same_keep_their_state) {
  const char* script = R"lua(
    local factor = 2
    stream("count", smap(function(e) e.metric = e.metric * factor return e end,
                         counter(publish("out"))))
  )lua";
  LuaBench bench(script);
  bench.run({"metric=1"});
  bench.load(std::string("-- moved\n\n") + script);
  EXPECT_EQ(metrics(bench.run({"metric=1"})), (Texts{"4"}));
  std::string other(script);
  other.replace(other.find("= 2"), 3, "= 3");
  bench.load(other);
  EXPECT_EQ(metrics(bench.run({"metric=1"})), (Texts{"3"}));
  EXPECT_EQ(bench.core.counters().streams_kept, 1u);
}

TEST(LuaStreams, a_script_that_fails_behind_its_streams_leaves_nothing) {
  // AddressSanitizer looks for what is left.
  EXPECT_THAT(refusal("stream('a', smap(function(e) return e end, index())) error('no')"),
              testing::HasSubstr("s.lua:1: no"));
  LuaBench bench(R"lua(
    stream("a", by_builder("host", function(host)
      local s = smap(function(e) return e end, publish("out"))
      if host == "b" then error("not b") end
      if host == "c" then return 5 end
      return s
    end))
  )lua");
  EXPECT_EQ(bench.run({"host=a", "host=b", "host=c"}), events({"host=a time=0 ttl=60"}));
  EXPECT_EQ(bench.core.counters().failed, 2u);
}

TEST(LuaMachineTest, memory_is_counted_and_goes_with_it) {
  auto machine = LuaMachine::make({});
  std::size_t before = machine->memory_bytes();
  EXPECT_TRUE(machine->run("kept = {} for i = 1, 1000 do kept[i] = i end", "s.lua").ok());
  EXPECT_GT(machine->memory_bytes(), before + 8000);
  std::weak_ptr<LuaMachine> alive = machine;
  machine.reset();
  EXPECT_TRUE(alive.expired());
}

}  // namespace
}  // namespace berth::observe::streams
