#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "observe/inputs/input.h"
#include "observe/inputs/scrape_spec.h"
#include "tls/context.h"

namespace berth::observe {

/// Where an input listens.
struct Place {
  enum class How : std::uint8_t { tcp, udp, tls, unix_stream, unix_datagram };

  How how = How::tcp;
  Address address;
  bool operator==(const Place&) const = default;
};

/// What an `[[input]]` of observe.toml says (docs/formats/observe.md). Equal specs make equal
/// inputs: one that is equal after a change of the file goes on as it is.
struct InputSpec {
  struct Secrets {  // of "tls:" places: texts of PEM files, and their paths for messages
    std::string chain, chain_path;
    std::string key, key_path;
    std::string clients, clients_path;  // whose certificates clients must show; empty: none
    bool operator==(const Secrets&) const = default;
  };

  std::string name;
  std::string kind;
  std::vector<Place> listen;
  Secrets secrets;
  std::string parse;    // a pipeline's name
  std::string service;  // of lines that tell none
  std::size_t line_bytes_max = 16 << 10;
  std::size_t connections_max = 1000;
  Duration every = 10s;  // statsd: how often what was told becomes samples
  ScrapeSpec scrape;
  struct Follow {                    // of file and docker
    std::vector<std::string> paths;  // absolute; '*' and '?' in any part
    bool from_start = false;         // of files that are there at the first start
    bool join_traces = true;
    bool docker = false;
    std::size_t files_max = 1000;  // a further one is not followed, and counted
    bool operator==(const Follow&) const = default;
  } follow;
  bool operator==(const InputSpec&) const = default;
};

/// For its "tls:" places. invalid: with file and reason.
Result<tls::ServerContext> server_context(const InputSpec& spec);

/// Opens the sockets and begins. Errors: those of listening, with the address.
Result<std::unique_ptr<Input>> make_input(const InputSpec& spec, const InputLinks& links);

}  // namespace berth::observe
