#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "observe/promql/query.h"

namespace berth::observe {

/// The "errorType" of Prometheus' API, each with its status (web/api/v1/api.go).
enum class PrometheusFault : std::uint8_t { bad_data, execution, timeout, unavailable, not_found };
int status_of(PrometheusFault fault);

/// {"status":"error","errorType":...,"error":...}.
std::string prometheus_error(PrometheusFault fault, std::string_view message);
/// {"status":"success","data":DATA}.
std::string prometheus_data(std::string_view data);
/// {"resultType":...,"result":[...]}.
std::string prometheus_result(const promql::QueryResult& result);
/// {"__name__":"up",...}.
void append_labels(std::string& out, const promql::Labels& labels);

}  // namespace berth::observe
