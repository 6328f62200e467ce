#pragma once

#include <string>
#include <string_view>

#include "observe/event.h"

namespace berth::observe {

// What events are called elsewhere. Names are never empty: what is empty becomes "_".

/// Librato's: A-Za-z0-9.:-_, at most 255; a blank becomes a dot, as Riemann writes them (riemann
/// librato.clj), anything else '_'.
std::string librato_name(std::string_view text);
/// A path of Graphite: the host's labels in reverse order, then the service with dots for blanks
/// (riemann graphite.clj): "com.example.www.api.latency". What may not stand there becomes '_'.
std::string graphite_path(std::string_view prefix, const Event& event);
/// A metric's name for Prometheus: [a-zA-Z_:][a-zA-Z0-9_:]*.
std::string prometheus_name(std::string_view text);
/// A label's name: the same without colons.
std::string prometheus_label(std::string_view text);
/// A number as short as reads back the same, without an exponent where it can be.
std::string number_text(double value);

}  // namespace berth::observe
