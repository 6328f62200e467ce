#include <bit>
#include <cmath>
#include <cstring>

#include "base/base64.h"
#include "observe/inputs/otlp.h"
#include "observe/parse/syslog_message.h"
#include "observe/samples/protobuf_reader.h"

// OTLP's protobuf. Field numbers are those of opentelemetry-proto 1.3.

namespace berth::observe {
namespace {

std::string text_of(std::string_view bytes) {
  std::string out(bytes);
  repair_utf8(out);
  return out;
}

std::string hex_of(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char byte : bytes.substr(0, 32)) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

int zigzag(std::uint64_t value) {
  auto half = static_cast<std::int64_t>(value >> 1);
  return static_cast<int>(value & 1 ? ~half : half);
}

/// Reads messages into values; says at the end whether all were whole.
class OtlpReader {
 public:
  explicit OtlpReader(const OtlpLimits& limits) : limits_(limits) {}

  Result<std::vector<OtlpResource>> read(std::string_view text, OtlpSignal signal) {
    std::vector<OtlpResource> out;
    each(text, [&](const ProtobufField& field) {
      if (field.number != 1) return;
      out.emplace_back();
      resource(field.bytes, signal, out.back());
    });
    if (items_ > limits_.items_max) {
      return Error(Code::invalid, "a request may have at most " +
                                      std::to_string(limits_.items_max) + " records or points");
    }
    if (!good_) return Error(Code::invalid, "this is no message of OTLP");
    return out;
  }

 private:
  template <class Visit>
  void each(std::string_view text, Visit visit) {
    ProtobufReader reader(text);
    while (auto field = reader.next()) {
      if (!good_ || items_ > limits_.items_max) return;
      visit(*field);
    }
    good_ &= reader.good();
  }

  void resource(std::string_view text, OtlpSignal signal, OtlpResource& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) {
        each(field.bytes, [&](const ProtobufField& inner) {
          if (inner.number == 1) attribute(inner.bytes, out.attributes);
        });
      } else if (field.number == 2) {
        each(field.bytes, [&](const ProtobufField& inner) {
          if (inner.number != 2) return;
          if (signal == OtlpSignal::logs) {
            ++items_;
            log(inner.bytes, out.logs.emplace_back());
          } else {
            metric(inner.bytes, out.metrics.emplace_back());
          }
        });
      }
    });
  }

  void attribute(std::string_view text, OtlpAttributes& out) {
    std::string key;
    Json found;
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) key = text_of(field.bytes);
      if (field.number == 2) found = value(field.bytes, 0);
    });
    out.emplace_back(std::move(key), std::move(found));
  }

  Json value(std::string_view text, std::size_t depth) {
    Json out;
    if (depth >= limits_.depth_max) return out;
    each(text, [&](const ProtobufField& field) {
      switch (field.number) {
        case 1:
          out = Json(text_of(field.bytes));
          break;
        case 2:
          out = Json(field.integer != 0);
          break;
        case 3:
          out = Json(static_cast<std::int64_t>(field.integer));
          break;
        case 4:
          out = std::isfinite(field.real()) ? Json(field.real()) : Json();
          break;
        case 5:
          out = Json::array();
          each(field.bytes, [&](const ProtobufField& item) {
            if (item.number == 1) out.add(value(item.bytes, depth + 1));
          });
          break;
        case 6:
          out = members(field.bytes, depth);
          break;
        case 7:
          out = Json(base64_encode(field.bytes));
          break;
        default:
          break;
      }
    });
    return out;
  }

  Json members(std::string_view text, std::size_t depth) {
    Json out = Json::object();
    each(text, [&](const ProtobufField& item) {
      if (item.number != 1) return;
      std::string key;
      Json found;
      each(item.bytes, [&](const ProtobufField& field) {
        if (field.number == 1) key = text_of(field.bytes);
        if (field.number == 2) found = value(field.bytes, depth + 1);
      });
      out.set(std::move(key), std::move(found));
    });
    return out;
  }

  void log(std::string_view text, OtlpLog& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) out.time = field.integer;
      if (field.number == 2) out.severity = static_cast<int>(field.integer & 0xff);
      if (field.number == 3) out.severity_text = text_of(field.bytes);
      if (field.number == 5) out.body = value(field.bytes, 0);
      if (field.number == 6) attribute(field.bytes, out.attributes);
      if (field.number == 9) out.trace_id = hex_of(field.bytes);
      if (field.number == 10) out.span_id = hex_of(field.bytes);
      if (field.number == 11) out.observed = field.integer;
    });
  }

  void metric(std::string_view text, OtlpMetric& out) {
    using Kind = OtlpMetric::Kind;
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) out.name = text_of(field.bytes);
      if (field.number == 2) out.description = text_of(field.bytes);
      if (field.number == 3) out.unit = text_of(field.bytes);
      Kind kind = field.number == 5    ? Kind::gauge
                  : field.number == 7  ? Kind::sum
                  : field.number == 9  ? Kind::histogram
                  : field.number == 10 ? Kind::exponential
                  : field.number == 11 ? Kind::summary
                                       : Kind::none;
      if (kind == Kind::none) return;
      out.kind = kind;
      data(field.bytes, out);
    });
  }

  void data(std::string_view text, OtlpMetric& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 2) out.temporality = static_cast<int>(field.integer & 3);
      if (field.number == 3) out.monotonic = field.integer != 0;
      if (field.number != 1) return;
      ++items_;
      OtlpPoint& point = out.points.emplace_back();
      switch (out.kind) {
        case OtlpMetric::Kind::histogram:
          histogram(field.bytes, point);
          break;
        case OtlpMetric::Kind::exponential:
          exponential(field.bytes, point);
          break;
        case OtlpMetric::Kind::summary:
          summary(field.bytes, point);
          break;
        default:
          number(field.bytes, point);
      }
    });
  }

  void number(std::string_view text, OtlpPoint& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 2) out.start = field.integer;
      if (field.number == 3) out.time = field.integer;
      if (field.number == 4) out.value = field.real();
      if (field.number == 6) {
        out.value = static_cast<double>(static_cast<std::int64_t>(field.integer));
      }
      if (field.number == 7) attribute(field.bytes, out.attributes);
      if (field.number == 8) out.no_value = field.integer & 1;
    });
  }

  void histogram(std::string_view text, OtlpPoint& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 9) attribute(field.bytes, out.attributes);
      if (field.number == 2) out.start = field.integer;
      if (field.number == 3) out.time = field.integer;
      if (field.number == 4) out.count = field.integer;
      if (field.number == 5) out.sum = field.real();
      if (field.number == 6) fixed(field, [&](std::uint64_t bits) { out.buckets.push_back(bits); });
      if (field.number == 7) {
        fixed(field,
              [&](std::uint64_t bits) { out.bounds.push_back(std::bit_cast<double>(bits)); });
      }
      if (field.number == 10) out.no_value = field.integer & 1;
    });
  }

  void exponential(std::string_view text, OtlpPoint& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) attribute(field.bytes, out.attributes);
      if (field.number == 2) out.start = field.integer;
      if (field.number == 3) out.time = field.integer;
      if (field.number == 4) out.count = field.integer;
      if (field.number == 5) out.sum = field.real();
      if (field.number == 6) out.scale = zigzag(field.integer);
      if (field.number == 7) out.zeros = field.integer;
      if (field.number == 8) buckets(field.bytes, out.positive_offset, out.positive);
      if (field.number == 9) buckets(field.bytes, out.negative_offset, out.negative);
      if (field.number == 10) out.no_value = field.integer & 1;
    });
  }

  void buckets(std::string_view text, int& offset, std::vector<std::uint64_t>& counts) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 1) offset = zigzag(field.integer);
      if (field.number != 2) return;
      if (field.bytes.data() == nullptr) return counts.push_back(field.integer);
      std::string_view packed = field.bytes;
      while (!packed.empty()) {
        auto count = take_varint(packed);
        if (!count) {
          good_ = false;
          return;
        }
        counts.push_back(*count);
      }
    });
  }

  void summary(std::string_view text, OtlpPoint& out) {
    each(text, [&](const ProtobufField& field) {
      if (field.number == 7) attribute(field.bytes, out.attributes);
      if (field.number == 2) out.start = field.integer;
      if (field.number == 3) out.time = field.integer;
      if (field.number == 4) out.count = field.integer;
      if (field.number == 5) out.sum = field.real();
      if (field.number == 6) {
        auto& [quantile, at] = out.quantiles.emplace_back();
        each(field.bytes, [&](const ProtobufField& inner) {
          if (inner.number == 1) quantile = inner.real();
          if (inner.number == 2) at = inner.real();
        });
      }
      if (field.number == 8) out.no_value = field.integer & 1;
    });
  }

  /// One number of eight bytes, or many of them packed.
  template <class Take>
  void fixed(const ProtobufField& field, Take take) {
    if (field.bytes.data() == nullptr) return take(field.integer);
    std::string_view packed = field.bytes;
    good_ &= packed.size() % 8 == 0;
    for (; packed.size() >= 8; packed.remove_prefix(8)) {
      std::uint64_t bits = 0;
      std::memcpy(&bits, packed.data(), 8);
      take(bits);
    }
  }

  const OtlpLimits& limits_;
  std::size_t items_ = 0;
  bool good_ = true;
};

}  // namespace

Result<std::vector<OtlpResource>> read_otlp(std::string_view text, OtlpSignal signal,
                                            const OtlpLimits& limits) {
  return OtlpReader(limits).read(text, signal);
}

}  // namespace berth::observe
