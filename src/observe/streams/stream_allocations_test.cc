#include <gtest/gtest.h>

#include <atomic>

#include "observe/streams/streams_suite.h"

namespace {
std::atomic<std::size_t> allocations = 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BERTH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BERTH_SANITIZED 1
#endif
#endif

#ifdef BERTH_SANITIZED
// The sanitizers stand in malloc's place and let others listen.
extern "C" int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void*,
                                                                           std::size_t),
                                                         void (*freed)(const volatile void*));
[[maybe_unused]] const int listening = __sanitizer_install_malloc_and_free_hooks(
    [](const volatile void*, std::size_t) { ++allocations; }, [](const volatile void*) {});
#else
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* malloc(std::size_t bytes) {
  ++allocations;
  return __libc_malloc(bytes);
}
void* calloc(std::size_t count, std::size_t bytes) {
  ++allocations;
  return __libc_calloc(count, bytes);
}
void* realloc(void* memory, std::size_t bytes) {
  ++allocations;
  return __libc_realloc(memory, bytes);
}
}
#endif

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
  std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) bench.core.inject_all(all);
  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace berth::observe::streams
