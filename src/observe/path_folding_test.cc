#include "observe/path_folding.h"

#include <gtest/gtest.h>

namespace berth::observe {
namespace {

TEST(PathFolding, folds_what_looks_like_an_id_and_nothing_else) {
  struct {
    const char* target;
    const char* folded;
  } cases[] = {
      {"/", "/"},
      {"", "/"},
      {"/users/42", "/users/:id"},
      {"/users/42/orders/7?full=1", "/users/:id/orders/:id"},
      {"/users/", "/users"},
      {"/v1/topics/order.created", "/v1/topics/order.created"},
      {"/o/550e8400-e29b-41d4-a716-446655440000", "/o/:id"},
      {"/o/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/o/:id"},
      {"/blob/deadbeefdeadbeef01", "/blob/:id"},
      {"/recommendations", "/recommendations"},
      {"/a/b/c/d/e/f/g/h/i/j", "/a/b/c/d/e/f/g/h/..."},
  };
  for (auto& each : cases) EXPECT_EQ(fold_path(each.target), each.folded) << each.target;
}

TEST(PathFolding, cuts_long_paths) {
  EXPECT_LE(fold_path("/" + std::string(5000, 'x') + "/y").size(), folded_bytes_max + 4);
}

}  // namespace
}  // namespace berth::observe
