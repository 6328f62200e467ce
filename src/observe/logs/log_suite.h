#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "observe/logs/line_batch.h"

namespace berth::observe {

/// Lines as a shop's services write them, by number: mostly alike, some as JSON, some with fields.
struct ShopLines {
  static constexpr std::int64_t begin = 1'764'000'000'000'000'000;
  std::int64_t first = begin;  // the time of line 0
  std::string text;
  std::string value;
  std::vector<LogLineField> fields;

  StoredLine make(std::uint64_t n) {
    static constexpr std::string_view services[] = {"orders", "users", "payments"};
    static constexpr std::string_view instances[] = {"orders/1", "users/2", "payments/1"};
    StoredLine line;
    line.time = {first + static_cast<std::int64_t>(n) * 1'000'000};
    line.host = "laptop";
    line.service = services[n % 3];
    line.instance = instances[n % 3];
    fields.clear();
    value = std::to_string(n % 50);
    if (n % 10 == 9) {
      line.level = LogLevel::error;
      text = R"({"level":"error","msg":"payment refused","card":"visa","took_ms":)" + value + "}";
    } else if (n % 10 == 8) {
      line.level = LogLevel::warning;
      text = "retry of request " + std::to_string(n) + " level=warn attempt=" + value;
    } else {
      text = "GET /items/" + std::to_string(n % 100) + " answered 200 in " + value + " ms";
      fields = {{"status", "200"}, {"trace", "t"}};
      fields[1].value = value = "trace" + std::to_string(n);
    }
    if (n % 1000 == 500) text += "\n\tat shop.Orders.refuse(Orders.java:17)\n\tat shop.Main";
    line.text = text;
    line.fields = fields;
    return line;
  }
};

}  // namespace berth::observe
