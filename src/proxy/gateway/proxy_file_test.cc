#include "proxy/gateway/proxy_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace berth::proxy::gateway {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const fs::path golden = fs::path(BERTH_SOURCE) / "tests/golden/proxy_file";

std::string contents(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

Result<ProxyFile> read(const std::string& text) {
  return read_proxy_file(text, "proxy.toml", "/etc/berth", [](const std::string& path) {
    if (path == "/etc/berth/missing.pem") {
      return Result<std::string>(Error(Code::not_found, path + " is not there"));
    }
    return Result<std::string>("the text of " + path);
  });
}

TEST(ProxyFile, reads_every_key) {
  auto file = read(contents(golden / "all.toml"));
  ASSERT_TRUE(file.ok()) << file.error().text();
  auto& gateway = *file->gateway;
  EXPECT_TRUE(gateway.trusted.addresses.contains(Address::parse("10.1.2.3").value()));
  EXPECT_TRUE(gateway.trusted.by_forwarded);
  EXPECT_FALSE(gateway.path.merge_slashes);
  EXPECT_TRUE(gateway.path.encoded_slashes);
  EXPECT_EQ(gateway.threads, 4U);
  EXPECT_EQ(gateway.connections_max, 500U);
  ASSERT_EQ(gateway.entrances.size(), 3U);
  auto& web = *gateway.entrances[0];
  EXPECT_EQ(web.address.text(), "0.0.0.0:8080");
  EXPECT_TRUE(web.proxy_protocol->contains(Address::parse("10.0.0.1").value()));
  EXPECT_EQ(web.idle_timeout, 30s);
  EXPECT_EQ(web.connections_per_client_max, 9U);
  EXPECT_EQ(web.body_bytes_per_second_min, 1000U);
  auto& secure = *gateway.entrances[1];
  EXPECT_TRUE(secure.secured);
  EXPECT_EQ(secure.version_min, tls::Version::tls1_3);
  EXPECT_EQ(secure.certificates.at(1).chain.text, "the text of /etc/berth/b.pem");
  EXPECT_EQ(secure.certificates.at(1).key.path, "/etc/berth/b.key");
  EXPECT_EQ(secure.hsts, "max-age=31536000; includeSubDomains; preload");
  EXPECT_EQ(gateway.entrances[2]->address.text(), "unix:/run/berth.sock");
  ASSERT_EQ(file->services.size(), 2U);
  auto& users = file->services[0];
  EXPECT_EQ(users.service.instances.at(1).id, "users/2");
  EXPECT_EQ(users.service.instances.at(1).address.text(), "unix:/run/users.sock");
  EXPECT_EQ(users.service.policy.retries, 5U);
  EXPECT_EQ(users.check.kind, CheckSpec::Kind::http);
  EXPECT_EQ(users.check.status_most, 299);
  EXPECT_EQ(users.check.fall, 4U);
  EXPECT_EQ(file->services[1].check.kind, CheckSpec::Kind::tcp);
  EXPECT_FALSE(users.tls);
  auto& by_tls = *file->services[1].tls;
  EXPECT_EQ(by_tls.authorities->text, "the text of /etc/berth/shop-ca.pem");
  EXPECT_EQ(by_tls.name, "shop.internal");
  EXPECT_EQ(by_tls.certificate->key.path, "/etc/berth/me.key");
  EXPECT_TRUE(by_tls.negotiates);
  ASSERT_EQ(gateway.authentications.size(), 3U);
  EXPECT_EQ(gateway.authentications[2]->keys_interval, 5min);
  EXPECT_EQ(secure.acme, (std::vector<std::string>{"shop"}));
  ASSERT_EQ(file->certificates.size(), 1U);
  auto& certificate = file->certificates[0];
  EXPECT_EQ(certificate.directory, "https://ca.example/directory");
  EXPECT_EQ(certificate.names, (std::vector<std::string>{"shop.example", "www.shop.example"}));
  EXPECT_EQ(certificate.contacts, (std::vector<std::string>{"mailto:ops@shop.example"}));
  EXPECT_EQ(certificate.file(), "/etc/berth/store/shop.pem");
  EXPECT_EQ(certificate.stored, "the text of /etc/berth/store/shop.pem");
  EXPECT_EQ(certificate.authorities->text, "the text of /etc/berth/ca.pem");
  EXPECT_EQ(certificate.orders_per_hour_max, 3U);
  ASSERT_EQ(file->logs.size(), 4U);
  EXPECT_EQ(file->logs[1].path, "/etc/berth/access.log");
  EXPECT_EQ(file->logs[2].address.text(), "127.0.0.1:514");
  EXPECT_EQ(file->logs[3].form, LogSpec::Form::json);
  EXPECT_EQ(file->stop_grace, 3s);
  EXPECT_EQ(file->metrics.text(), "127.0.0.1:8404");
  EXPECT_EQ(file->control.text(), "unix:/etc/berth/proxy.sock");
  EXPECT_FALSE(secure.http2);
  auto& routes = gateway.routes.routes();
  ASSERT_EQ(routes.size(), 6U);
  EXPECT_EQ(routes[0].name, "api");
  EXPECT_EQ(routes[0].conditions(), 4U);
  EXPECT_EQ(routes[0].authentications.size(), 2U);
  EXPECT_EQ(routes[0].body_bytes_max, 10U << 20);
  EXPECT_EQ(routes[0].limit.per_second, 2.5);
  EXPECT_EQ(routes[0].limit.burst, 7U);
  EXPECT_FALSE(routes[0].maintenance);
  EXPECT_TRUE(routes[1].maintenance);
  EXPECT_EQ(routes[2].redirect->status, 301);
  EXPECT_EQ(routes[3].respond->text, "the text of /etc/berth/robots.txt");
  EXPECT_EQ(gateway.encoders_max, 7U);
  auto& compression = *routes[0].compression;
  EXPECT_EQ(compression.options.types, (std::vector<std::string>{"text/*", "application/json"}));
  EXPECT_EQ(compression.options.bytes_min, 2048U);
  EXPECT_EQ(compression.options.levels.gzip, 9);
  EXPECT_EQ(compression.options.levels.zstd, 19);
  EXPECT_TRUE(compression.cross_site);
  EXPECT_EQ(routes[4].files->folder, "/etc/berth/dist");
  EXPECT_EQ(routes[4].files->options.index, "start.html");
  EXPECT_EQ(routes[4].files->options.cache_control, "max-age=60");
  EXPECT_FALSE(routes[4].files->options.twins);
  EXPECT_EQ(routes[4].files->fallback, "/start.html");
  EXPECT_FALSE(routes[4].compression->cross_site);
  EXPECT_EQ(routes[5].files->folder, "/srv/docs");
  EXPECT_FALSE(routes[5].compression);
}

/// Every wrong file in tests/golden/proxy_file gives exactly the lines beside it. To write them
/// anew: BERTH_UPDATE_GOLDEN=1.
TEST(ProxyFile, wrong_files_are_told_as_in_the_golden_files) {
  int files = 0;
  for (auto& entry : fs::directory_iterator(golden)) {
    if (entry.path().extension() != ".toml" || entry.path().stem() == "all") continue;
    ++files;
    auto file = read(contents(entry.path()));
    ASSERT_FALSE(file.ok()) << entry.path();
    std::string found = std::string(file.error().message()) + "\n";
    fs::path expected = entry.path();
    expected.replace_extension(".txt");
    if (std::getenv("BERTH_UPDATE_GOLDEN")) std::ofstream(expected) << found;
    EXPECT_EQ(found, contents(expected)) << entry.path();
    EXPECT_THAT(found, HasSubstr("proxy.toml:"));
  }
  EXPECT_GE(files, 4);
}

TEST(ProxyFile, an_empty_file_says_what_is_needed) {
  auto file = read("");
  ASSERT_FALSE(file.ok());
  EXPECT_THAT(std::string(file.error().message()), HasSubstr("listener is missing"));
}

}  // namespace
}  // namespace berth::proxy::gateway
