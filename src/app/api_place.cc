#include "app/api_place.h"

#include "base/json.h"
#include "os/host.h"

namespace berth::app {
namespace {

std::string parent_of(const std::string& folder) {
  auto slash = folder.rfind('/');
  return slash == std::string::npos || slash == 0 ? "/" : folder.substr(0, slash);
}

std::string inside(const std::string& folder, const std::string& name) {
  return folder == "/" ? "/" + name : folder + "/" + name;
}

Result<ApiPlace> parsed(const std::string& text) {
  Json json = TRY(Json::parse(text));
  ApiPlace place;
  place.address = TRY(Address::parse(TRY(json.string_at("address"))));
  place.token = TRY(json.string_at("token"));
  place.pid = json["pid"].integer().value_or(0);
  place.system = json["system"].string_or("");
  place.version = json["version"].string_or("");
  if (place.address.port() == 0) return Error(Code::invalid, "'address' has no port");
  return place;
}

}  // namespace

Error no_dev_runs() {
  return {Code::unavailable, "no berth dev runs for this folder; start it with: berth dev"};
}

std::string ApiPlace::console_url() const {
  return "http://" + address.text() + "/?token=" + token;
}

Result<ApiPlace> read_api_place(const std::string& state) {
  std::string path = inside(state, "api.json");
  auto text = os::read_small_file(path);
  if (!text.ok() && text.error().is(Code::not_found)) return no_dev_runs();
  if (!text.ok()) return std::move(text).error();
  auto place = parsed(*text);
  if (!place.ok()) {
    return Error(Code::invalid, path + " cannot be read (" + std::string(place.error().message()) +
                                    "); start berth dev again, which writes it anew");
  }
  place->state = state;
  return place;
}

Result<std::string> folder_with(const std::string& from, const std::string& file) {
  std::string start = os::absolute_path(from.empty() ? "." : from);
  for (std::string folder = start;; folder = parent_of(folder)) {
    // One that is there and may not be read is found too: reading it says why.
    auto read = os::read_small_file(inside(folder, file));
    if (read.ok() || !read.error().is(Code::not_found)) return folder;
    if (folder == "/") break;
  }
  return Error(Code::not_found, "there is no " + file + " in " + start + " or above");
}

Result<ApiPlace> find_api_place(const std::string& folder) {
  auto found = folder_with(folder, ".berth/api.json");
  if (!found.ok()) return no_dev_runs();
  return read_api_place(inside(*found, ".berth"));
}

}  // namespace berth::app
