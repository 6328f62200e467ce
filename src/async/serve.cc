#include "async/serve.h"

#include <utility>

#include "async/scope.h"
#include "async/shield.h"
#include "async/sync.h"

namespace berth {
namespace {

Deferred<void> converse_with([[maybe_unused]] Semaphore::Permit permit,
                             Deferred<void> conversation) {
  auto result = co_await std::move(conversation).result();
  if (result.ok()) co_return;
  Error& error = result.error();
  if (error.is(Code::reset) || error.is(Code::closed) || error.is(Code::timed_out)) co_return;
  co_await fail_with(std::move(error));
}

Deferred<void> accept_all(Listener& listener, Converse& converse, Semaphore& room,
                          Scope& conversations) {
  for (;;) {
    auto permit = co_await room.acquire();
    auto stream = co_await listener.accept();
    conversations.add(converse_with(std::move(permit), converse(std::move(stream))));
  }
}

}  // namespace

Deferred<void> serve(Listener& listener, Converse converse, std::size_t connections_max) {
  Semaphore room(connections_max);
  Scope conversations;
  auto ended = co_await accept_all(listener, converse, room, conversations).result();
  co_await shielded(conversations.close());
  co_await or_return(std::move(ended));
}

}  // namespace berth
