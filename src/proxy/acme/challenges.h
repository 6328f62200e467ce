#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace berth::proxy::acme {

/// What the gateway answers at /.well-known/acme-challenge/TOKEN (RFC 8555 section 8.3): the key
/// authorizations of the orders that are under way, which put them here and take them away. One
/// reactor.
class Challenges {
 public:
  static constexpr std::string_view path_before = "/.well-known/acme-challenge/";

  /// Null: there is no such challenge.
  const std::string* find(std::string_view token) const {
    auto found = by_token_.find(token);
    return found == by_token_.end() ? nullptr : &found->second;
  }
  void put(std::string token, std::string authorization) {
    by_token_[std::move(token)] = std::move(authorization);
    if (changed_) changed_();
  }
  void remove(std::string_view token) {
    auto found = by_token_.find(token);
    if (found == by_token_.end()) return;
    by_token_.erase(found);
    if (changed_) changed_();
  }
  using ByToken = std::map<std::string, std::string, std::less<>>;
  const ByToken& by_token() const { return by_token_; }
  void set(ByToken by_token) { by_token_ = std::move(by_token); }
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }

 private:
  ByToken by_token_;
  std::function<void()> changed_;
};

}  // namespace berth::proxy::acme
