#include "http/content.h"

#include "http/multipart.h"
#include "http/url.h"

namespace berth::http {

Part Part::field(std::string name, std::string value) {
  Part part;
  part.name = std::move(name);
  part.text = Bytes::copy(value);
  return part;
}

Part Part::file(Disk& disk, std::string name, std::string path, std::string filename,
                std::string type) {
  Part part;
  part.name = std::move(name);
  part.filename = filename.empty() ? path.substr(path.rfind('/') + 1) : std::move(filename);
  part.type = std::move(type);
  part.disk = &disk;
  part.path = std::move(path);
  return part;
}

Content Content::text(std::string text, std::string type) {
  Bytes bytes = Bytes::copy(text);
  return {std::move(type), [bytes] { return ready(Body(bytes)); }, true};
}

Content Content::json(const Json& value) { return text(value.text(), "application/json"); }

Content Content::form(const Pairs& pairs) {
  return text(encode_form(pairs), "application/x-www-form-urlencoded");
}

Content Content::multipart(std::vector<Part> parts, Random& random) {
  auto kept = std::make_shared<const std::vector<Part>>(std::move(parts));
  std::string boundary = make_boundary(random);
  std::string type = "multipart/form-data; boundary=" + boundary;
  return {std::move(type), [kept, boundary] { return open_multipart(kept, boundary); }, true};
}

Content Content::stream(std::unique_ptr<BodySource> source, std::string type,
                        std::optional<std::uint64_t> length) {
  auto kept = std::make_shared<std::unique_ptr<BodySource>>(std::move(source));
  auto open = [kept, length]() -> Deferred<Body> {
    if (!*kept) {
      return failed<Body>(Error(Code::conflict, "its content is a stream, which was sent already"));
    }
    Body body(std::move(*kept));
    body.length = length;
    return ready(std::move(body));
  };
  return {std::move(type), std::move(open), false};
}

}  // namespace berth::http
