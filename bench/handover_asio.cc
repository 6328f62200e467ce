// The same as handover_berth with Asio: a post to another io_context, which posts back.
#include <boost/asio.hpp>
#include <cstdlib>
#include <thread>

#include "process_time.h"

namespace {

namespace asio = boost::asio;

struct Call {
  asio::io_context& near;
  asio::io_context& far;
  std::size_t& left;
  void operator()() const {
    asio::post(far, [call = *this] {
      asio::post(call.near, [call] {
        if (--call.left > 0) {
          call();
        } else {
          call.near.stop();
        }
      });
    });
  }
};

}  // namespace

int main(int count, char** words) {
  if (count != 3) return 2;
  std::size_t outstanding = std::strtoul(words[1], nullptr, 10);
  std::size_t calls = std::strtoul(words[2], nullptr, 10);
  asio::io_context near(1);
  asio::io_context far(1);
  auto near_work = asio::make_work_guard(near);
  auto far_work = asio::make_work_guard(far);
  std::thread thread([&] { far.run(); });
  bench::ProcessTime begun;
  std::size_t left = calls;
  for (std::size_t i = 0; i < outstanding; ++i) Call{near, far, left}();
  near.run();
  begun.print(calls);
  far.stop();
  thread.join();
}
