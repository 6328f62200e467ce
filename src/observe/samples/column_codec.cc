#include "observe/samples/column_codec.h"

#include <bit>
#include <cstring>

#include "base/varint.h"
#include "observe/samples/scaled.h"

namespace berth::observe {
namespace {

enum class Form : char { same = 0, differences = 1, slopes = 2, planes = 3 };

Error damaged() { return Error(Code::invalid, "a column of samples is damaged"); }

void append_signed(std::string& out, std::int64_t value) { append_varint(out, zigzag(value)); }
std::optional<std::int64_t> take_signed(std::string_view& text) {
  auto value = take_varint(text);
  if (!value) return std::nullopt;
  return unzigzag(*value);
}

std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}

/// Whole numbers of one power of ten, and those values that are none.
struct Decimal {
  int exponent = 0;
  std::vector<std::int64_t> numbers;
  std::vector<std::size_t> exceptions;
};

/// The exponent that nearly all values fit; nothing if more than an eighth do not.
std::optional<Decimal> decimal(std::span<const double> values) {
  Decimal out;
  for (double value : values) {
    if (scaled(value, out.exponent)) continue;
    int larger = least_exponent(value, out.exponent);
    if (larger <= exponent_max) out.exponent = larger;
  }
  std::int64_t last = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (auto number = scaled(values[i], out.exponent)) {
      last = *number;
    } else {
      out.exceptions.push_back(i);
      if (out.exceptions.size() * 8 > values.size() + 8) return std::nullopt;
    }
    out.numbers.push_back(last);
  }
  return out;
}

std::string differences_of(const std::vector<std::int64_t>& numbers, bool of_differences) {
  std::string out;
  std::int64_t before = 0, slope = 0;
  for (std::int64_t number : numbers) {
    std::int64_t difference = minus(number, before);
    append_signed(out, of_differences ? minus(difference, slope) : difference);
    before = number;
    slope = difference;
  }
  return out;
}

std::string encode_decimal(const Decimal& decimal, std::span<const double> values) {
  std::string plain = differences_of(decimal.numbers, false);
  std::string sloped = differences_of(decimal.numbers, true);
  bool slopes = sloped.size() < plain.size();
  std::string out;
  out += static_cast<char>(slopes ? Form::slopes : Form::differences);
  out += static_cast<char>(decimal.exponent);
  append_varint(out, decimal.exceptions.size());
  for (std::size_t place : decimal.exceptions) {
    append_varint(out, place);
    out.append(reinterpret_cast<const char*>(&values[place]), sizeof(double));
  }
  return out + (slopes ? sloped : plain);
}

/// The exclusive or with the value before, all first bytes together, all second ones, ...
std::string encode_planes(std::span<const double> values) {
  std::string out(1 + values.size() * 8, '\0');
  out[0] = static_cast<char>(Form::planes);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto bits = std::bit_cast<std::uint64_t>(values[i]);
    std::uint64_t change = bits ^ before;
    before = bits;
    for (std::size_t plane = 0; plane < 8; ++plane) {
      out[1 + plane * values.size() + i] = static_cast<char>(change >> (56 - plane * 8));
    }
  }
  return out;
}

Result<std::vector<double>> take_planes(std::string_view& text, std::size_t count) {
  if (text.size() / 8 < count) return damaged();
  std::vector<double> values(count);
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t change = 0;
    for (std::size_t plane = 0; plane < 8; ++plane) {
      change = change << 8 | static_cast<unsigned char>(text[plane * count + i]);
    }
    before ^= change;
    values[i] = std::bit_cast<double>(before);
  }
  text.remove_prefix(count * 8);
  return values;
}

Result<std::vector<double>> take_decimal(std::string_view& text, std::size_t count, bool slopes) {
  if (text.empty()) return damaged();
  int exponent = text[0];
  text.remove_prefix(1);
  auto exceptions = take_varint(text);
  if (exponent < 0 || exponent > exponent_max || !exceptions || *exceptions > count) {
    return damaged();
  }
  std::vector<std::pair<std::size_t, double>> apart;
  for (std::uint64_t i = 0; i < *exceptions; ++i) {
    auto place = take_varint(text);
    double value = 0;
    if (!place || *place >= count || text.size() < sizeof value) return damaged();
    std::memcpy(&value, text.data(), sizeof value);
    text.remove_prefix(sizeof value);
    apart.emplace_back(*place, value);
  }
  std::vector<double> values;
  values.reserve(std::min(count, text.size()));
  std::int64_t number = 0, slope = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto difference = take_signed(text);
    if (!difference) return damaged();
    slope = slopes ? plus(slope, *difference) : *difference;
    number = plus(number, slope);
    values.push_back(unscaled(number, exponent));
  }
  for (auto& [place, value] : apart) values[place] = value;
  return values;
}

}  // namespace

std::string encode_times(std::span<const std::int64_t> times) {
  std::string out;
  std::int64_t before = 0, slope = 0;
  for (std::size_t i = 0; i < times.size(); ++i) {
    std::int64_t difference = minus(times[i], before);
    append_signed(out, i < 2 ? difference : minus(difference, slope));
    before = times[i];
    slope = difference;
  }
  return out;
}

Result<std::vector<std::int64_t>> take_times(std::string_view& text, std::size_t count) {
  if (count > text.size()) return damaged();  // at least a byte each
  std::vector<std::int64_t> times(count);
  std::int64_t before = 0, slope = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto difference = take_signed(text);
    if (!difference) return damaged();
    slope = i < 2 ? *difference : plus(slope, *difference);
    before = times[i] = plus(before, slope);
  }
  return times;
}

std::string encode_values(std::span<const double> values) {
  auto same = [&](double value) {
    return std::bit_cast<std::uint64_t>(value) == std::bit_cast<std::uint64_t>(values[0]);
  };
  if (values.empty() || std::ranges::all_of(values, same)) {
    std::string out(1, static_cast<char>(Form::same));
    double value = values.empty() ? 0 : values[0];
    return out.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  auto numbers = decimal(values);
  return numbers ? encode_decimal(*numbers, values) : encode_planes(values);
}

Result<std::vector<double>> take_values(std::string_view& text, std::size_t count) {
  if (text.empty()) return damaged();
  auto form = static_cast<Form>(text[0]);
  text.remove_prefix(1);
  switch (form) {
    case Form::same: {
      double value = 0;
      if (text.size() < sizeof value) return damaged();
      std::memcpy(&value, text.data(), sizeof value);
      text.remove_prefix(sizeof value);
      return std::vector<double>(count, value);
    }
    case Form::differences:
    case Form::slopes:
      return take_decimal(text, count, form == Form::slopes);
    case Form::planes:
      return take_planes(text, count);
  }
  return damaged();
}

}  // namespace berth::observe
