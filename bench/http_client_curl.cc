// The same as http_client with libcurl's multi interface on epoll (curl_multi_socket_action), which
// is its cheapest form: a handle for each request that is in flight, used again and again.
//   http_client_curl h1|h2 URL IN_FLIGHT REQUESTS
#include <curl/curl.h>
#include <sys/epoll.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

int poll_fd = -1;
long wait_ms = -1;
std::size_t bytes = 0;

int watch(CURL*, curl_socket_t fd, int what, void* multi, void* known) {
  epoll_event event{};
  event.data.fd = fd;
  if (what != CURL_POLL_REMOVE) {
    if (what & CURL_POLL_IN) event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  }
  int change = what == CURL_POLL_REMOVE ? EPOLL_CTL_DEL : known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  ::epoll_ctl(poll_fd, change, fd, &event);
  if (!known) curl_multi_assign(multi, fd, &poll_fd);
  return 0;
}

int set_timer(CURLM*, long milliseconds, void*) {
  wait_ms = milliseconds;
  return 0;
}

std::size_t take(char* data, std::size_t size, std::size_t count, void* text) {
  static_cast<std::string*>(text)->append(data, size * count);
  return size * count;
}

struct Transfer {
  CURL* handle = nullptr;
  std::string text;
};

CURL* make(const char* url, bool h2, Transfer& transfer) {
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, h2 ? CURL_HTTP_VERSION_2 : CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer.text);
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &transfer);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 30'000L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 5'000L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  return easy;
}

/// Opens the connection for all that follow. libcurl 7.88 fails when it asks with prior knowledge
/// on a connection that it has already, but not when it asks for HTTP/2 there
/// (github.com/curl/curl/issues/10634).
bool open_h2(CURLM* multi, const char* url) {
  Transfer first;
  CURL* easy = make(url, true, first);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
  curl_multi_add_handle(multi, easy);
  for (int running = 1; running > 0;) {
    curl_multi_perform(multi, &running);
    curl_multi_poll(multi, nullptr, 0, 100, nullptr);
  }
  int queued = 0;
  CURLMsg* message = curl_multi_info_read(multi, &queued);
  bool good = message && message->data.result == CURLE_OK;
  curl_multi_remove_handle(multi, easy);
  curl_easy_cleanup(easy);
  return good;
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  bool h2 = std::string_view(words[1]) == "h2";
  std::size_t in_flight = std::strtoul(words[3], nullptr, 10);
  std::size_t left = std::strtoul(words[4], nullptr, 10);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  poll_fd = ::epoll_create1(0);
  CURLM* multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, watch);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, multi);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, set_timer);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(in_flight));
  curl_multi_setopt(multi, CURLMOPT_PIPELINING, h2 ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING);
  if (h2 && !open_h2(multi, words[2])) return 1;
  std::vector<Transfer> transfers(in_flight);
  std::size_t open = 0;
  for (auto& transfer : transfers) {
    if (left == 0) break;
    transfer.handle = make(words[2], h2, transfer);
    curl_multi_add_handle(multi, transfer.handle);
    --left;
    ++open;
  }
  int running = 0;
  while (open > 0) {
    epoll_event events[64];
    int ready = ::epoll_wait(poll_fd, events, 64, static_cast<int>(wait_ms));
    if (ready == 0) {
      wait_ms = -1;
      curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    for (int i = 0; i < ready; ++i) {
      int what = (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
                 (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
      curl_multi_socket_action(multi, events[i].data.fd, what, &running);
    }
    int queued = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* easy = message->easy_handle;
      long status = 0;
      curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
      if (message->data.result != CURLE_OK || status != 200) {
        std::fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(message->data.result), status);
        return 1;
      }
      char* transfer = nullptr;
      curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
      auto& text = reinterpret_cast<Transfer*>(transfer)->text;
      bytes += text.size();
      text.clear();
      curl_multi_remove_handle(multi, easy);
      --open;
      if (left == 0) continue;
      --left;
      ++open;
      curl_multi_add_handle(multi, easy);
    }
  }
  std::printf("%zu\n", bytes);
}
