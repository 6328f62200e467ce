#include "app/screen_model.h"

#include <algorithm>

#include "app/first_screen.h"
#include "app/screen_pages.h"
#include "app/tables.h"
#include "app/words.h"
#include "base/strings.h"

namespace berth::app {
namespace {

constexpr std::ptrdiff_t page_lines = 10;
constexpr std::string_view text_keys = "↑ ↓ PgUp PgDn move · ";

}  // namespace

void ScreenModel::set_state(Json state) { state_ = std::move(state); }

void ScreenModel::set_detail(Json detail) {
  if (detail["name"].string_or("") == service_) detail_ = std::move(detail);
}

void ScreenModel::add_point(const Json& point) {
  for (auto& service : point["services"].members()) {
    Points& medians = medians_[service.key];
    medians.push_back(service.value["p50"].number());
    if (medians.size() > medians_max) medians.erase(medians.begin());
  }
}

void ScreenModel::add_log(Json line) {
  logs_.push_back(std::move(line));
  // Who has scrolled back keeps seeing the same lines while new ones come.
  if (scrolled_ > 0 && page_ == Page::logs) ++scrolled_;
  if (logs_.size() > log_lines_max) logs_.pop_front();
  scrolled_ = page_ == Page::logs ? std::min(scrolled_, logs_.size()) : scrolled_;
}

ScreenModel::Wish ScreenModel::press(Key key) {
  note_.clear();
  if (key.kind == Key::Kind::interrupt) return {Wish::Kind::leave, ""};
  if (page_ == Page::first) return press_on_first(key);
  if (page_ == Page::choose) return press_on_choice(key);
  press_on_text(key);
  return {};
}

ScreenModel::Wish ScreenModel::press_on_first(Key key) {
  if (key.kind != Key::Kind::character) return {};
  switch (key.character) {
    case 'l':
      begin_choice(Purpose::logs);
      break;
    case 'i':
      begin_choice(Purpose::inspect);
      break;
    case 'r':
      begin_choice(Purpose::restart);
      break;
    case 'o':
      return {Wish::Kind::open, ""};
    case '?':
    case 'h':
      page_ = Page::help;
      scrolled_ = 0;
      break;
    case 'q':
      return {Wish::Kind::leave, ""};
    default:
      break;
  }
  return {};
}

void ScreenModel::begin_choice(Purpose purpose) {
  page_ = Page::choose;
  purpose_ = purpose;
  typed_.clear();
  marked_ = 0;
}

std::vector<Json> ScreenModel::fitting() const {
  std::vector<Json> out;
  for (auto& service : state_["services"].items()) {
    if (service["name"].string_or("").starts_with(typed_)) out.push_back(service);
  }
  return out;
}

ScreenModel::Wish ScreenModel::press_on_choice(Key key) {
  auto services = fitting();
  marked_ = std::min(marked_, services.empty() ? 0 : services.size() - 1);
  switch (key.kind) {
    case Key::Kind::escape:
      page_ = Page::first;
      break;
    case Key::Kind::up:
      marked_ -= marked_ > 0;
      break;
    case Key::Kind::down:
      marked_ += marked_ + 1 < services.size();
      break;
    case Key::Kind::backspace:
      if (!typed_.empty()) typed_.pop_back();
      break;
    case Key::Kind::enter:
      if (!services.empty()) return choose(text_of(services[marked_]["name"]));
      break;
    case Key::Kind::character:
      if (typed_.size() < 64) typed_ += lower(std::string(1, key.character));
      marked_ = 0;
      break;
    default:
      break;
  }
  return {};
}

ScreenModel::Wish ScreenModel::choose(const std::string& service) {
  scrolled_ = 0;
  if (purpose_ == Purpose::restart) {
    page_ = Page::first;
    note_ = "restarting " + service;
    return {Wish::Kind::restart, service};
  }
  page_ = purpose_ == Purpose::logs ? Page::logs : Page::inspect;
  service_ = service;
  logs_.clear();
  detail_ = Json();
  return {};
}

void ScreenModel::scroll(std::ptrdiff_t lines) {
  // In logs, up goes away from the newest line, at the bottom.
  auto now = static_cast<std::ptrdiff_t>(scrolled_) + (page_ == Page::logs ? -lines : lines);
  scrolled_ = static_cast<std::size_t>(std::max<std::ptrdiff_t>(now, 0));
  if (page_ == Page::logs) scrolled_ = std::min(scrolled_, logs_.size());
}

void ScreenModel::press_on_text(Key key) {
  switch (key.kind) {
    case Key::Kind::up:
      return scroll(-1);
    case Key::Kind::down:
      return scroll(1);
    case Key::Kind::page_up:
      return scroll(-page_lines);
    case Key::Kind::page_down:
      return scroll(page_lines);
    case Key::Kind::home:
      return scroll(page_ == Page::logs ? -static_cast<std::ptrdiff_t>(log_lines_max) : -1000);
    case Key::Kind::end:
      return scroll(page_ == Page::logs ? static_cast<std::ptrdiff_t>(log_lines_max) : 1000);
    case Key::Kind::escape:
      page_ = Page::first;
      return;
    case Key::Kind::character:
      if (key.character == 'q' || page_ == Page::help) page_ = Page::first;
      return;
    default:
      return;
  }
}

std::vector<std::string> ScreenModel::lines(const Style& style, std::size_t rows) {
  switch (page_) {
    case Page::choose: {
      auto services = fitting();
      const char* question = purpose_ == Purpose::logs      ? "logs of which service?"
                             : purpose_ == Purpose::inspect ? "inspect which service?"
                                                            : "restart which service?";
      std::size_t marked = std::min(marked_, services.empty() ? 0 : services.size() - 1);
      return page_of(choose_lines(question, typed_, services, marked, style),
                     "type its first letters · ↑ ↓ choose · Enter takes it · Esc back", style,
                     rows);
    }
    case Page::logs:
      return log_lines(style, rows);
    case Page::inspect: {
      auto medians = medians_.find(service_);
      Points points = medians == medians_.end() ? Points() : medians->second;
      auto text = detail_.is_null() ? std::vector<std::string>{"asking for " + service_}
                                    : inspect_lines(detail_, state_["time"], points, style);
      return page_of(std::move(text), std::string(text_keys) + "Esc back", style, rows);
    }
    case Page::help:
      return page_of(help_lines(stops_system_, style), "any key goes back", style, rows);
    default:
      return first_lines(style, rows);
  }
}

std::vector<std::string> ScreenModel::first_lines(const Style& style, std::size_t rows) const {
  FirstScreenOptions options;
  options.rows = rows - (note_.empty() ? 0 : 1);
  options.before = before_;
  options.took = took_;
  options.keys = std::string("l logs · i inspect · o open · r restart · ? help · ") +
                 (stops_system_ ? "Ctrl-C stop" : "q end");
  if (state_.is_null()) return {"asking berth dev", "", style.dim(options.keys)};
  auto out = first_screen(state_, style, options);
  if (!note_.empty()) out.insert(out.end() - 1, style.yellow(cut(note_, style.columns)));
  return out;
}

std::vector<std::string> ScreenModel::log_lines(const Style& style, std::size_t rows) {
  std::size_t room = rows > 2 ? rows - 2 : 1;
  scrolled_ = std::min(scrolled_, logs_.size() > room ? logs_.size() - room : 0);
  std::size_t behind = scrolled_;
  std::size_t end = logs_.size() - behind;
  std::size_t begin = end > room ? end - room : 0;
  std::string where =
      behind > 0 ? counted(static_cast<std::int64_t>(behind), "line") + " back" : "as they come";
  std::vector<std::string> out{style.bold("logs of " + service_) + style.dim(" · " + where)};
  for (std::size_t i = begin; i < end; ++i) out.push_back(log_line(logs_[i], style, false));
  if (logs_.empty()) out.emplace_back("nothing yet");
  out.resize(rows > 1 ? rows - 1 : 1);
  out.push_back(style.dim(std::string(text_keys) + "End newest · Esc back"));
  return out;
}

std::vector<std::string> ScreenModel::page_of(std::vector<std::string> text,
                                              const std::string& keys, const Style& style,
                                              std::size_t rows) {
  std::size_t room = rows > 2 ? rows - 2 : 1;
  // The marked service of a long choice stays in sight.
  if (page_ == Page::choose) scrolled_ = marked_ + 3 > room ? marked_ + 3 - room : 0;
  scrolled_ = std::min(scrolled_, text.size() > room ? text.size() - room : 0);
  std::size_t from = scrolled_;
  text.erase(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(from));
  text.resize(std::min(text.size(), room));
  text.emplace_back();
  text.push_back(style.dim(keys));
  return text;
}

}  // namespace berth::app
