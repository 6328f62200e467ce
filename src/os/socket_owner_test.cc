#include "os/socket_owner.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "os/network.h"
#include "os/reactor.h"

namespace berth::os {
namespace {

TEST(SocketOwner, process_behind_a_connection_is_found_by_the_accepting_side) {
  Reactor reactor;
  Network network(reactor);
  auto listener = network.listen(Address::ipv4(0x7f4dfe07, 0)).value();
  auto connecting = network.connect(listener->address());
  auto accepting = listener->accept();
  for (int i = 0; i < 100 && (connecting.pending() || accepting.pending()); ++i) reactor.turn(5ms);
  auto client = connecting.take().value();
  auto server = accepting.take().value();

  auto owner = SocketOwner::open().value();
  auto inode = owner.inode_of(server->peer_address(), server->local_address());
  ASSERT_NE(inode, 0u);
  std::int64_t others[] = {999'999'999, ::getpid()};  // the first is no process
  EXPECT_EQ(SocketOwner::holder(others, inode), 1);
  EXPECT_EQ(SocketOwner::holder({}, inode), -1);
  EXPECT_TRUE(SocketOwner::held_by(::getpid(), inode));
  EXPECT_FALSE(SocketOwner::held_by(::getppid(), inode));
  Address nobody = server->peer_address().with_port(1);
  EXPECT_EQ(owner.inode_of(nobody, server->local_address()), 0u);
}

}  // namespace
}  // namespace berth::os
