#include "tls/pem.h"

#include <utility>

namespace berth::tls {

Deferred<Pem> read_pem(Disk& disk, std::string path) {
  auto text = co_await disk.read_file(path, pem_bytes_max).result();
  if (!text.ok()) co_return std::move(text).error().during("reading " + path);
  co_return Pem{std::move(*text), std::move(path)};
}

Deferred<CertificatePem> read_certificate(Disk& disk, std::string chain_path,
                                          std::string key_path) {
  Pem chain = co_await read_pem(disk, std::move(chain_path));
  Pem key = co_await read_pem(disk, std::move(key_path));
  co_return CertificatePem{std::move(chain), std::move(key)};
}

}  // namespace berth::tls
