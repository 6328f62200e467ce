#include "proxy/answers/cached_answer.h"

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/strings.h"
#include "http/h1_parser.h"
#include "http/h1_writer.h"
#include "proxy/answers/http_date.h"

namespace berth::proxy {
namespace {

bool is(std::string_view name, std::string_view word) { return equal_ignoring_case(name, word); }

/// Fields of one connection, and those that are made anew (RFC 9111 section 3.1).
bool is_kept(const http::Header& field, const http::Headers& all) {
  static constexpr std::string_view left_out[] = {
      "connection", "keep-alive", "proxy-connection",  "proxy-authenticate",
      "te",         "trailer",    "transfer-encoding", "proxy-authentication-info",
      "upgrade",    "age",        "content-length",    "proxy-authorization"};
  for (auto name : left_out) {
    if (is(field.name, name)) return false;
  }
  return !all.has_token("connection", field.name);
}

/// Calls `take` with each tag, however many.
template <class Take>
void each_tag(const http::Headers& headers, Take&& take) {
  for (auto& header : headers) {
    bool by_commas = is(header.name, "cache-tag");
    if (!by_commas && !is(header.name, "surrogate-key")) continue;
    for (auto tag : split(header.value, by_commas ? ',' : ' ')) {
      if (tag = trim(tag); !tag.empty()) take(tag);
    }
  }
}

/// What a request says in that field: the values of all its lines (section 4.1: combined as RFC
/// 9110 section 5.3 allows it). Compared without building it.
class FieldValues {
 public:
  FieldValues(const http::Headers& headers, std::string_view name)
      : headers_(headers), name_(name) {}

  std::string joined() const {
    std::string out;
    for (auto& header : headers_) {
      if (!is(header.name, name_)) continue;
      if (!out.empty()) out += ", ";
      out += trim(header.value);
    }
    return out;
  }
  bool are(std::string_view expected) const {
    bool first = true;
    for (auto& header : headers_) {
      if (!is(header.name, name_)) continue;
      if (!std::exchange(first, false)) {
        if (!expected.starts_with(", ")) return false;
        expected.remove_prefix(2);
      }
      std::string_view value = trim(header.value);
      if (!expected.starts_with(value)) return false;
      expected.remove_prefix(value.size());
    }
    return expected.empty();
  }

 private:
  const http::Headers& headers_;
  std::string_view name_;
};

template <class Take>
void each_varying(const http::Headers& headers, Take&& take) {
  for (auto& header : headers) {
    if (!is(header.name, "vary")) continue;
    for (auto name : split(header.value, ',')) {
      if (name = trim(name); !name.empty()) take(name);
    }
  }
}

constexpr std::array understood = {200, 203, 204, 300, 301, 302, 303,
                                   307, 308, 404, 405, 410, 414, 501};
/// RFC 9110 section 15.1.
constexpr std::array heuristically = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};

bool has(const auto& list, int status) { return std::ranges::find(list, status) != list.end(); }

void write_head(CachedAnswer& answer, std::string text) {
  answer.text = Bytes::copy(text);
  // It was made of a head that has been parsed.
  if (auto head = http::parse_response(answer.text, "GET"); head.ok())
    answer.head = std::move(*head);
}

std::string start_line(const http::ResponseHead& head) {
  return "HTTP/1.1 " + std::to_string(head.status) + " " + std::string(head.reason) + "\r\n";
}

}  // namespace

std::uint64_t CacheQuery::hash_of(std::string_view host, std::string_view target) {
  // Hosts are compared without case: in pieces, so that nothing is allocated for a long one.
  std::uint64_t hash = 0;
  std::array<char, 64> small;
  while (!host.empty()) {
    std::size_t size = std::min(host.size(), small.size());
    for (std::size_t i = 0; i < size; ++i) {
      char c = host[i];
      small[i] = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    }
    hash = hash64({small.data(), size}, hash);
    host.remove_prefix(size);
  }
  return hash64(target, hash);
}

CacheLife cache_life(const http::Headers& headers, int status, std::string_view age,
                     const AnswerDirectives& says, const catalog::CachePolicy& policy,
                     const CacheTimes& times) {
  WallTime came = times.came_wall;
  CacheLife life;
  WallTime date = parse_http_date(headers.value("date"), came).value_or(came);
  Duration apparent = std::max<Duration>(came - date, Duration(0));
  Duration told = parse_delta_seconds(age).value_or(Duration(0));
  life.age = std::max(apparent, told + std::max<Duration>(came - times.asked, Duration(0)));
  if (says.s_maxage) {
    life.fresh = *says.s_maxage;
  } else if (says.max_age) {
    life.fresh = *says.max_age;
  } else if (auto* expires = headers.find("expires")) {
    auto end = parse_http_date(expires->value, came);  // "0" and its like: in the past
    life.fresh = end ? std::max<Duration>(*end - date, Duration(0)) : Duration(0);
  } else if (auto modified = parse_http_date(headers.value("last-modified"), came);
             modified && policy.heuristic_permille > 0 && has(heuristically, status)) {
    Duration old = std::max<Duration>(date - *modified, Duration(0));
    life.fresh = std::min(old / 1000 * policy.heuristic_permille, policy.heuristic_max);
  }
  life.no_cache = says.no_cache;
  bool explicitly = says.must_revalidate || says.proxy_revalidate;
  // s-maxage says proxy-revalidate with it (section 5.2.2.10), but an answer that names a time for
  // staleness beside it means that.
  life.never_stale = explicitly || says.no_cache || says.s_maxage.has_value();
  auto leave = [&](const std::optional<Duration>& said, Duration otherwise) {
    if (explicitly || says.no_cache) return Duration(0);
    if (said) return *said;
    return says.s_maxage ? Duration(0) : otherwise;
  };
  life.while_revalidate = leave(says.stale_while_revalidate, policy.stale_while_revalidate);
  life.if_error = leave(says.stale_if_error, policy.stale_if_error);
  return life;
}

bool CachedAnswer::same_uri(const CacheQuery& query) const {
  return hash == query.hash && target == query.target && equal_ignoring_case(host, query.host);
}

bool CachedAnswer::answers(const CacheQuery& query) const {
  if (!same_uri(query) || route != query.route || scheme != query.scheme) return false;
  for (auto& [name, value] : vary) {
    if (!FieldValues(*query.headers, name).are(value)) return false;
  }
  return true;
}

std::string_view CachedAnswer::fields() const {
  std::string_view all = text.view();
  std::size_t line = all.find("\r\n");
  return all.substr(line + 2, all.size() - line - 4);
}

std::size_t CachedAnswer::bytes() const {
  std::size_t size = overhead + scheme.size() + host.size() + target.size() + text.size() +
                     body.size() + tags.size() * sizeof(std::uint64_t);
  for (auto& [name, value] : vary) size += name.size() + value.size() + 64;
  return size;
}

Storable storable(const http::ResponseHead& head, const AnswerDirectives& says,
                  const StoringRequest& request, const catalog::CachePolicy& policy,
                  const std::function<bool(std::string_view)>& own_field) {
  int status = head.status;
  if (status < 200 || status == 206 || status == 304) return Storable::status;
  bool knows = has(understood, status);
  if (says.must_understand && !knows) return Storable::status;
  if (request.no_store || (says.no_store && !says.must_understand)) return Storable::no_store;
  if (says.is_private) return Storable::is_private;
  bool for_others = says.is_public || says.s_maxage || says.must_revalidate;
  if (request.authorized && !for_others) return Storable::authorized;
  if (head.headers.find("set-cookie")) return Storable::cookie;
  std::size_t count = 0;
  bool any = false;
  each_varying(head.headers, [&](std::string_view name) {
    any = any || name == "*" || own_field(name) || ++count > varying_fields_max;
  });
  if (any) return Storable::varies;
  if (says.max_age || says.s_maxage || head.headers.find("expires")) return Storable::yes;
  bool guessed = policy.heuristic_permille > 0 && has(heuristically, status) &&
                 head.headers.find("last-modified");
  bool asked_for = (says.is_public || says.no_cache || says.must_revalidate) && knows &&
                   (head.headers.find("etag") || head.headers.find("last-modified"));
  if (guessed || asked_for) return Storable::yes;
  return knows ? Storable::nothing_said : Storable::status;
}

std::uint64_t tag_hash(std::string_view tag) { return hash64(tag); }

std::shared_ptr<CachedAnswer> cached_head(const CacheQuery& query, const http::ResponseHead& head,
                                          const CacheLife& life, const CacheTimes& times) {
  auto answer = std::make_shared<CachedAnswer>();
  answer->scheme = query.scheme;
  answer->host = query.host;
  answer->target = query.target;
  answer->hash = query.hash;
  answer->route = query.route;
  answer->life = life;
  answer->came = times.came;
  each_varying(head.headers, [&](std::string_view name) {
    answer->vary.emplace_back(name, FieldValues(*query.headers, name).joined());
  });
  each_tag(head.headers, [&](std::string_view tag) {
    if (answer->tags.size() <= tags_max) answer->tags.push_back(tag_hash(tag));
  });
  if (answer->tags.size() > tags_max) return nullptr;
  std::string text = start_line(head);
  for (auto& field : head.headers) {
    if (is_kept(field, head.headers)) http::append_header(text, field.name, field.value);
  }
  if (!head.headers.find("date")) {  // RFC 9110 section 6.6.1
    std::string date;
    append_http_date(date, times.came_wall);
    http::append_header(text, "Date", date);
  }
  text += "\r\n";
  write_head(*answer, std::move(text));
  return answer;
}

void set_body(CachedAnswer& answer, std::string_view body) {
  answer.body = Bytes::copy(body);
  if (!http::may_have_content(answer.head.status)) return;
  std::string text(answer.text.view().substr(0, answer.text.size() - 2));
  http::append_header(text, "Content-Length", std::to_string(body.size()));
  text += "\r\n";
  write_head(answer, std::move(text));
}

std::shared_ptr<CachedAnswer> freshened(const CachedAnswer& before, const http::ResponseHead& with,
                                        const catalog::CachePolicy& policy,
                                        const CacheTimes& times) {
  auto answer = std::make_shared<CachedAnswer>();
  answer->scheme = before.scheme;
  answer->host = before.host;
  answer->target = before.target;
  answer->hash = before.hash;
  answer->route = before.route;
  answer->vary = before.vary;
  answer->tags = before.tags;
  answer->authorized = before.authorized;
  answer->body = before.body;
  answer->came = times.came;
  // What describes the content that is kept stays with it (section 3.2).
  auto describes = [](std::string_view name) {
    return is(name, "content-length") || is(name, "content-encoding") || is(name, "content-type") ||
           is(name, "content-range") || is(name, "etag") || is(name, "vary");
  };
  auto replaces = [&](const http::Header& field) {
    return is_kept(field, with.headers) && !describes(field.name);
  };
  std::string text = start_line(before.head);
  for (auto& field : before.head.headers) {
    auto* other = with.headers.find(field.name);
    bool date = is(field.name, "date");
    if (!date && !(other && replaces(*other))) http::append_header(text, field.name, field.value);
  }
  for (auto& field : with.headers) {
    if (replaces(field) && !is(field.name, "date"))
      http::append_header(text, field.name, field.value);
  }
  std::string date(with.headers.value("date"));
  if (date.empty()) append_http_date(date, times.came_wall);
  http::append_header(text, "Date", date);
  text += "\r\n";
  write_head(*answer, std::move(text));
  auto& headers = answer->head.headers;
  answer->life = cache_life(headers, before.head.status, with.headers.value("age"),
                            answer_directives(headers), policy, times);
  return answer;
}

bool is_about(const http::Headers& not_modified, const CachedAnswer& kept) {
  auto opaque = [](std::string_view etag) {
    return etag.starts_with("W/") ? etag.substr(2) : etag;
  };
  if (auto* etag = not_modified.find("etag")) return opaque(etag->value) == opaque(kept.etag());
  auto* modified = not_modified.find("last-modified");
  return !modified || kept.last_modified().empty() || modified->value == kept.last_modified();
}

}  // namespace berth::proxy
