#include <gtest/gtest.h>

#include "async/allocations_suite.h"
#include "observe/streams/streams_suite.h"

namespace berth::observe::streams {
namespace {

TEST(StreamAllocations, simple_streams_need_none_once_they_are_warm) {
  Bench bench;
  ASSERT_TRUE(bench.core
                  .add(where(query("service =~ \"api%\" and metric > 0"),
                             {by({"host", "service"}, {rate(5s, {index()}), ewma(5s, {index()}),
                                                       changed("state", {index()}), index()}),
                              with({{"state", "a state that is longer than a short text"}},
                                   {over(1, {index()})})}))
                  .ok());
  std::vector<Event> all{e("host=a service=api_latency_of_the_first_shop metric=2 tags=x,y time=0"),
                         e("host=b service=api_latency_of_the_second_shop metric=3 time=0")};
  bench.core.inject_all(all);
  bench.core.inject_all(all);
  std::size_t before = malloc_calls();
  for (int i = 0; i < 100; ++i) bench.core.inject_all(all);
  EXPECT_EQ(malloc_calls() - before, 0u);
}

}  // namespace
}  // namespace berth::observe::streams
