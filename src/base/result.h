#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace berth {

/// A value or an Error. It may not be ignored. Reading the value of a failed one is a bug and
/// crashes. In plain functions TRY(expression) yields the value or returns the error to the
/// caller; in coroutines `co_await or_return(expression)` does the same (async/deferred.h).
template <class T>
class [[nodiscard]] Result {
 public:
  using Value = T;

  template <class U = T>
    requires std::is_constructible_v<T, U> && (!std::is_same_v<std::remove_cvref_t<U>, Result>) &&
             (!std::is_same_v<std::remove_cvref_t<U>, Error>)
  Result(U&& value) : body_(std::in_place, std::forward<U>(value)) {}
  Result(Error error) : body_(std::unexpect, std::move(error)) {}
  Result()
    requires std::is_default_constructible_v<T>
      : body_(std::in_place) {}

  bool ok() const { return body_.has_value(); }
  explicit operator bool() const { return ok(); }
  T& value() & { return check_ok(), *body_; }
  const T& value() const& { return check_ok(), *body_; }
  T&& value() && { return check_ok(), std::move(*body_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  Error& error() & { return check_failed(), body_.error(); }
  const Error& error() const& { return check_failed(), body_.error(); }
  Error&& error() && { return check_failed(), std::move(body_.error()); }
  T value_or(T other) && { return ok() ? std::move(*body_) : std::move(other); }

 private:
  void check_ok() const { check(body_.has_value(), "the value of a failed Result was read"); }
  void check_failed() const { check(!body_.has_value(), "the error of a good Result was read"); }

  std::expected<T, Error> body_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using Value = void;

  Result() = default;
  Result(Error error) : body_(std::unexpect, std::move(error)) {}

  bool ok() const { return body_.has_value(); }
  explicit operator bool() const { return ok(); }
  void value() const { check(ok(), "the value of a failed Result was read"); }
  Error& error() & { return check_failed(), body_.error(); }
  const Error& error() const& { return check_failed(), body_.error(); }
  Error&& error() && { return check_failed(), std::move(body_.error()); }

 private:
  void check_failed() const { check(!ok(), "the error of a good Result was read"); }

  std::expected<void, Error> body_;
};

}  // namespace berth

/// Yields the value of a Result, or returns its error from this (plain, not coroutine) function.
#define TRY(...)                             \
  ({                                         \
    auto try_result_ = (__VA_ARGS__);        \
    if (!try_result_.ok()) [[unlikely]]      \
      return std::move(try_result_).error(); \
    std::move(try_result_).value();          \
  })
